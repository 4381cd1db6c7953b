"""The hostile set through both sandboxes and through a running archive.

python -m tests.hostile            tables, then what leaked and what others felt; exit code 1 where a bar is missed
"""

from __future__ import annotations

import sys
import tempfile
import time
import uuid
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg

from ingest.media.bubblewrap import BubblewrapSandbox
from ingest.media.errors import SandboxUnavailable
from ingest.media.namespaces import NamespaceSandbox
from ingest.media.runner import open_runner
from tests.hostile.bars import MEASURES, Felt, Round, missed, ratios
from tests.hostile.files import make_files, prepare
from tests.hostile.live import (
    ends_of,
    feel,
    has_settled,
    leaked_bytes,
    limits_broken,
    measure,
    outputs,
    station_token,
    upload_all,
)
from tests.hostile.walls import listener, suffer
from tests.journeys.running import RunningArchive

SANDBOXES = (BubblewrapSandbox, NamespaceSandbox)
ROUNDS = 3


def through_both(files: dict[str, bytes], folder: Path) -> int:
    """Prints a line a file and sandbox; the bytes that leaked."""
    leaked = 0
    for sandbox in SANDBOXES:
        try:
            runner = open_runner("", prefer=sandbox())
        except SandboxUnavailable as error:
            print(f"{sandbox.name}: not here: {error}")
            leaked += 1  # What was not tried is not shown to be safe.
            continue
        for name, content in files.items():
            path = folder / name
            path.write_bytes(content)
            one = suffer(path, runner)
            leaked += one.leaked
            path.unlink()
            made = ", ".join(one.made) or "nothing"
            print(
                f"{sandbox.name:11} {name:24} {one.state:10} {one.reason:20} {one.seconds:6.1f} s  {made}",
                flush=True,
            )
    return leaked


@dataclass(frozen=True)
class Lived:
    """What came of the set in a running archive: bytes that leaked, what was felt, and how each file's jobs ended."""

    leaked: int
    rounds: list[Round]
    ends: list[tuple[str, list[str]]]

    @property
    def costly(self) -> list[str]:
        return [name for name, ends in self.ends if limits_broken(ends) > 1]


def through_archive(files: dict[str, bytes], folder: Path) -> Lived:
    """In calm and under a third of the set, three times over."""
    archive = RunningArchive(folder, ready_seconds=300.0)
    archive.start()
    try:
        token = str(archive.admin("token", "create", "--role", "supervisor", "--name", "测")["token"])
        harmful, neighbour = station_token(archive, "敌意"), station_token(archive, "邻站")
        rounds, sent = [], 0
        with (
            archive.client(token) as client,
            psycopg.connect(archive.admin("database")["worker"], autocommit=True) as connection,
        ):
            station = station_of(connection, "敌意")
            measure(client, 3.0)
            for part in range(ROUNDS):
                calm = feel(archive, client, neighbour, partial(has_settled, connection, station, sent))
                some = dict(list(files.items())[part::ROUNDS])
                upload_all(archive, harmful, some)
                sent += len(some)
                under = feel(archive, client, neighbour, partial(has_settled, connection, station, sent))
                rounds.append((calm, under))
                tell(part + 1, calm, under)
            ends = ends_of(connection, station)
        return Lived(leaked_bytes(outputs(archive)), rounds, ends)
    finally:
        archive.stop()


def station_of(connection: psycopg.Connection, name: str) -> uuid.UUID:
    row = connection.execute("SELECT id FROM station WHERE name = %s", (name,)).fetchone()
    assert row is not None
    return uuid.UUID(str(row[0]))


def tell(number: int, calm: Felt, under: Felt) -> None:
    for words, felt in (("calm", calm), ("under the set", under)):
        said = ", ".join(f"{name} {measured(felt):8.1f} ms" for name, measured in MEASURES.items())
        print(
            f"round {number} {words:14} {len(felt.answers):5} requests, {len(felt.receipts):3} receipts: {said}",
            flush=True,
        )


def main() -> int:
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hostile-") as name, listener() as listening:
        aims = prepare(Path(name) / "aims", listening.port, str(open_runner("").tools.ffmpeg.program.path))
        files = dict(make_files(aims))
        leaked = through_both(files, aims.folder)
        served = Path(name) / "served"
        served.mkdir()
        lived = through_archive(files, served)
        callers = listening.callers
    for name, ends in lived.ends:
        print(f"{name:24} {', '.join(ends)}")
    beyond = [*missed(lived.rounds), *(f"{name} broke more than one limit" for name in lived.costly)]
    for words in beyond:
        print(f"missed: {words}")
    leaked += lived.leaked
    felt = ", ".join(f"{name} {ratio:.2f}x" for name, ratio in ratios(lived.rounds).items())
    said = f"{leaked} bytes of a neighbour, {callers} connections, {felt} of {len(files)} files"
    print(f"{said}; {len(beyond)} bars missed, {(time.monotonic() - begun) / 60:.1f} minutes", flush=True)
    return 1 if leaked or callers or beyond else 0


if __name__ == "__main__":
    sys.exit(main())
