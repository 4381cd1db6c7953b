"""One run of torture: start, torment, settle, judge, report."""

from __future__ import annotations

import shutil
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from api.archive import Archive, open_archive
from api.settings import Settings
from casework.organisation import create_unit
from ingest.stations.enrolment import enrol_station
from tests.torture.case import OPERATOR, export_unit
from tests.torture.driver import Driver
from tests.torture.files import Footage
from tests.torture.judge import Judgement, judge, judge_export, judge_rest, write_down
from tests.torture.plan import OTHER_STEPS
from tests.torture.points import CUSTODY_STEPS, short
from tests.torture.proxy import BadLink
from tests.torture.settle import settle
from tests.torture.system import Engines, Station
from tests.torture.turns import Turns

STATIONS = ("JIA", "JIA", "YI")
"""By the code of their unit. The first has a key of its own and watches a folder, the others a token and a card."""
FOUND, NOT_REACHED = 1, 3
"""Exit codes; 2 is wrong usage."""


def run(folder: Path, seed: int, kills: int, deadline: float) -> int:
    """What `code_of` says, or FOUND without a judgement. What a failed run leaves is kept in `folder`."""
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{timedelta(seconds=int(time.monotonic() - began))} {line}", flush=True)

    engines, footage = Engines(folder), Footage(seed)
    try:
        found, driver = torment(engines, footage, seed, kills, deadline, say)
    except SystemExit as stopped:
        print(f"FAILED: {stopped.code}", flush=True)
        return _keep(engines, FOUND)
    except BaseException:
        traceback.print_exc()
        return _keep(engines, FOUND)
    write_down(found, folder)
    report(driver, found, seed, time.monotonic() - began)
    code = code_of(found, driver.turns)
    return _keep(engines, code) if code else 0


def code_of(found: Judgement, turns: Turns) -> int:
    """0 when all was done and nothing found; NOT_REACHED when nothing was found in what there was time for."""
    if not found.holds:
        return FOUND
    return 0 if turns.reached else NOT_REACHED


def torment(
    engines: Engines, footage: Footage, seed: int, kills: int, deadline: float, say: Callable[[str], None]
) -> tuple[Judgement, Driver]:
    engines.start()
    link = BadLink(engines.port)
    with opened(engines) as archive:
        tokens = enrol_stations(archive)
    stations = [
        Station(number, unit, token, engines, link, footage)
        for number, (unit, token) in enumerate(zip(STATIONS, tokens, strict=True))
    ]
    driver = Driver(seed, kills, engines, stations, link)
    say(f"the archive runs, seed {seed}, {kills} kills to come")
    try:
        driver.run(deadline, say)
        say(f"{driver.turns.kills} kills by {driver.turns.acts} acts: now everything has to come to its end")
        settle(driver, engines, stations, say)
        return _judge(engines, stations, footage, driver.clocks_were_wrong, say), driver
    finally:
        for station in stations:
            station.end_agent()
        link.close()


@contextmanager
def opened(engines: Engines) -> Iterator[Archive]:
    """The running archive's parts in this process."""
    archive = open_archive(Settings(data=engines.data, database_worker_url=engines.admin("database")["worker"]))
    try:
        yield archive
    finally:
        archive.database.close()


def enrol_stations(archive: Archive) -> list[str | None]:
    """Two stations of one unit and one of another: the same file is a repeat here and a recording of its own there.

    The tokens, None of the one that enrols itself (system.py).
    """
    receipt_key = archive.keyring.public_key("receipt")
    tokens: list[str | None] = [None]
    with archive.database.transaction() as session:
        units = {code: create_unit(session, OPERATOR, name=code, code=code) for code in sorted(set(STATIONS))}
        for number, code in list(enumerate(STATIONS))[1:]:
            tokens.append(enrol_station(session, OPERATOR, units[code].id, f"采集站{number}", receipt_key))
    return tokens


def _judge(
    engines: Engines, stations: list[Station], footage: Footage, clocks_were_wrong: bool, say: Callable[[str], None]
) -> Judgement:
    with opened(engines) as archive:
        found = judge(archive, engines, stations, footage, clocks_were_wrong, say)
        for code in sorted({station.unit for station in stations}):
            package, expected = export_unit(archive, engines, code)
            judge_export(package, expected, found)
            shutil.rmtree(package)
        say("an export of each unit verified and compared")
    _end_again(engines, found)
    judge_rest(engines, stations, found)
    return found


def _end_again(engines: Engines, found: Judgement) -> None:
    """What killed processes left is swept by the next ones, at their start or an hour later: so they are started."""
    if engines.stop():
        found.wrong.append("liuhen up did not end with 0")


def report(driver: Driver, found: Judgement, seed: int, seconds: float) -> None:
    """The tables, what was found, and the one line that says it all."""
    turns = driver.turns
    print("\nkills per custody step")
    for step in CUSTODY_STEPS:
        print(f"  {short(step):<28} {turns.at_steps[step]:>5}")
    print("kills per step of the other processes")
    for role, step in OTHER_STEPS:
        print(f"  {role + ': ' + short(step):<44} {turns.at_steps[step]:>5}")
    print("kills per process")
    for victim, count in sorted(turns.by_victim.items()):
        print(f"  {victim:<28} {count:>5}")
    print("what else was done")
    for what, count in sorted(driver.others.items()):
        print(f"  {what:<32} {count:>5}")
    print("given up, each for another kill: nobody came by")
    for what, count in sorted(turns.given_up.items()):
        print(f"  {what:<64} {count:>5}")
    for what in ("lost", "doubled", "wrong"):
        for line in getattr(found, what)[:20]:
            print(f"{what}: {line}")
    if found.out_of_time:
        print(
            f"as the clocks were set, liuhen verify says that entries are out of time: {len(found.out_of_time)} places"
        )
    points = len(driver.points)
    print(f"\nseed {seed}, {turns.acts} acts, {turns.kills} kills, {points} different points, {seconds:.0f} s")
    if not turns.reached:
        unmet = ", ".join(turns.unmet()) or "none"
        print(f"NOT REACHED in time: {turns.kills} of {turns.wanted} kills; demanded and never killed: {unmet}")
    print(found.last_line(), flush=True)


def _keep(engines: Engines, code: int) -> int:
    """The staging disk goes with its mount: what is on it is copied beside."""
    shutil.copytree(engines.data / "staging", engines.folder / "staging-kept", dirs_exist_ok=True)
    sys.stdout.flush()
    return code
