"""Bytes, offset and row of one upload: whoever writes them, in whatever order their writes and a crash come.

Three writes say that an upload is all here: its bytes, the offset's file where there is one, and its row. A request
that brings all of a small file writes two of them (whole_bodies.py), everybody else three (single_writer.py), and
sweeps read them. What must hold at every end: what was acknowledged is there; what was handed over was all there, is
untouched since, and was handed over once.
"""

from __future__ import annotations

import asyncio
import json
import random
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import product
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest

from ingest.uploads.application import mount_uploads, tus_application
from ingest.uploads.handover import Handover
from ingest.uploads.staging import Staging
from ingest.uploads.sweeps import expire_stale, recover_finished
from tests.ingest.uploads.interleaving import Actor, Disk, Rows, SteppedRegister, stepping
from tests.ingest.uploads.serving import small_limits
from tests.memory_folders import memory_folder
from tests.sampling import some_of, stride

UPLOAD = "0123456789abcdef" * 2
SIZE_BYTES, HALF_BYTES = 8, 4
MOST_STEPS = 60
"""Of one actor at a time, while another may be waited for."""


@dataclass(frozen=True)
class Reply:
    """To a request, and what it would have brought, from `offset` on."""

    status: int
    headers: dict[str, str]
    offset: int
    content: bytes

    @property
    def told_offset(self) -> int | None:
        return int(self.headers["upload-offset"]) if "upload-offset" in self.headers else None

    @property
    def is_acknowledged(self) -> bool:
        return self.status == 204 and bool(self.content)


class Archive:
    """One open upload: its row, its folder, and processes that come and go."""

    def __init__(self, folder: Path, ends_late: bool = False) -> None:
        self.path = folder / "register.json"
        self.disk = Disk(folder / "staging")
        self.staging = Staging(self.disk.folder)
        self.rows = Rows(self.disk)
        self._ends_late = ends_late
        now = datetime.now(UTC)
        station = {"id": str(uuid.UUID(int=3)), "max_uploads": 10, "max_waiting_bytes": 1 << 30}
        row = {
            **{"station_id": station["id"], "length": SIZE_BYTES, "deferred": False, "claims": {}, "state": "open"},
            **{"expires_at": (now + timedelta(days=1)).isoformat(), "latest": None, "creation_key": None, "node": ""},
        }
        self.path.write_text(json.dumps({"stations": {"t": station}, "uploads": {UPLOAD: row}}))

    @property
    def register(self) -> SteppedRegister:
        return SteppedRegister(self.path, self.rows, self._ends_late)

    @property
    def state(self) -> str:
        return json.loads(self.path.read_text())["uploads"][UPLOAD]["state"]

    @property
    def staged(self) -> bytes:
        path = self.staging.bytes_path(UPLOAD)
        return path.read_bytes() if path.exists() else b""

    def request(self, method: str, offset: int = 0, content: bytes = b"", *, is_counted: bool = True) -> Reply:
        """By an application that has just started."""
        headers = {"authorization": "Bearer t", "tus-resumable": "1.0.0"}
        if method == "PATCH":
            framing = {"content-length": str(len(content))} if is_counted else {"transfer-encoding": "chunked"}
            stream = {"content-type": "application/offset+octet-stream", "upload-offset": str(offset)}
            headers |= {**framing, **stream}
        answered: dict[str, Any] = {}

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            answered.update(message)

        async def others(*_: object) -> None:
            raise AssertionError("asked for something else")

        limits = small_limits(keep_free_bytes=0, takeover_seconds=1000, record_offset_seconds=1000)
        tus = mount_uploads(tus_application(self.register, self.staging, limits, lambda _: None), others)
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "http", "method": method, "path": f"/uploads/{UPLOAD}", "headers": raw}
        asyncio.run(tus(scope, receive, send))  # type: ignore[arg-type]
        told = {name.decode(): value.decode() for name, value in answered["headers"]}
        return Reply(answered["status"], told, offset, content)

    def do(self, work: str, letter: bytes) -> Any:
        return WORKS[work](self, letter)

    def recover(self) -> list[str]:
        register = self.register
        return recover_finished(self.staging, register, Handover(register, lambda _: None))

    def expire(self) -> list[str]:
        return expire_stale(self.staging, self.register, small_limits(), datetime.now(UTC) + timedelta(days=40))


WORKS: dict[str, Callable[[Archive, bytes], Any]] = {
    "whole": lambda archive, letter: archive.request("PATCH", 0, letter * SIZE_BYTES),
    "long": lambda archive, letter: archive.request("PATCH", 0, letter * SIZE_BYTES, is_counted=False),
    "half": lambda archive, letter: archive.request("PATCH", 0, letter * HALF_BYTES),
    "rest": lambda archive, letter: archive.request("PATCH", HALF_BYTES, letter * HALF_BYTES),
    "end": lambda archive, _: archive.request("DELETE"),
    "look": lambda archive, _: archive.request("HEAD"),
    "recover": lambda archive, _: archive.recover(),
    "expire": lambda archive, _: archive.expire(),
}
"""What an actor does. Each writer's bytes are its own, so that it shows whose are there."""
LETTERS = (b"A", b"B", b"D")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with memory_folder("liuhen-interleaving-", 64 << 20) as folder:
        yield Stage(folder or tmp_path)


def judge(archive: Archive, actors: list[Actor]) -> None:
    """Whatever happened: a station that goes on comes to its end, and nobody was told what is not so."""
    for actor in actors:
        if actor.failure is not None:
            raise actor.failure
    replies = [actor.outcome for actor in actors if isinstance(actor.outcome, Reply)]
    assert not [reply for reply in replies if reply.status >= 500]
    acknowledged = [reply for reply in replies if reply.is_acknowledged]
    told = max([reply.told_offset or 0 for reply in replies if reply.status < 300], default=0)
    archive.recover()
    if archive.state in ("terminated", "expired"):
        assert told < SIZE_BYTES
        assert archive.rows.ended == []
        return
    if archive.state == "open":
        go_on(archive, told)
    if archive.state == "expired":
        return
    assert archive.state == "finished"
    assert archive.rows.ended == [archive.staged], "handed over once, and untouched since"
    assert len(archive.staged) == SIZE_BYTES
    for reply in acknowledged:
        begin, end = reply.offset, reply.offset + len(reply.content)
        assert archive.staged[begin:end] == reply.content, "acknowledged, and not there"


def go_on(archive: Archive, told: int) -> None:
    asked = archive.request("HEAD")
    if asked.status == 410:  # The power went before the offset's own file was durable; nobody was told anything.
        assert told == 0
        assert archive.expire() == [UPLOAD]
        return
    assert asked.status == 200
    offset = asked.told_offset
    assert offset is not None
    assert offset >= told, "less than was acknowledged"
    before = archive.staged[:offset]
    if archive.state == "open":
        sent = archive.request("PATCH", offset, b"C" * (SIZE_BYTES - offset))
        assert (sent.status, sent.told_offset) == (204, SIZE_BYTES)
        assert archive.staged == before + b"C" * (SIZE_BYTES - offset)


@dataclass
class Stage:
    """Runs pieces, each in an archive of its own."""

    folder: Path
    is_late: bool = False
    """What is done side by side: the row and the names are the last to be got at, or the first."""
    runs: int = 0

    def play(self, works: Sequence[str], piece: Callable[..., None], before: str | None = None) -> list[Actor]:
        """`works` by an actor each, as `piece` lets them; then what came of it is judged."""
        self.runs += 1
        folder = self.folder / str(self.runs)
        folder.mkdir()
        archive = Archive(folder, self.is_late)
        with stepping(archive.disk, self.is_late):
            if before is not None:
                assert archive.do(before, b"0").status == 204
            actors = [Actor(partial(archive.do, name, letter)) for name, letter in zip(works, LETTERS, strict=False)]
            try:
                piece(archive, *actors)
                for actor in actors:
                    actor.kill()
                archive.rows.land()
                judge(archive, actors)
            except BaseException as error:
                error.add_note("\n".join(f"{actor.steps[-40:]} {actor.outcome}" for actor in actors))
                raise
            finally:
                for actor in actors:
                    actor.kill()
        rmtree(folder)
        return actors

    def steps_of(self, work: str, before: str | None) -> int:
        (actor,) = self.play([work], lambda _, actor: to_the_end(actor), before)
        return len(actor.steps)


def to_the_end(*actors: Actor) -> None:
    for _ in range(100):
        for actor in actors:
            actor.advance(MOST_STEPS)
        if all(actor.has_ended for actor in actors):
            return
    raise AssertionError("each waits for the other")


def both_end(archive: Archive, first: Actor, second: Actor) -> None:
    to_the_end(first, second)


def first_is_killed(archive: Archive, first: Actor, second: Actor) -> None:
    first.kill()
    archive.rows.land()
    to_the_end(second)


def power_is_cut(archive: Archive, first: Actor, second: Actor, left: str) -> None:
    first.kill()
    second.kill()
    archive.rows.land()
    archive.disk.cut_power(left)


ENDINGS: dict[str, Callable[[Archive, Actor, Actor], None]] = {
    "both end": both_end,
    "the first is killed": first_is_killed,
    "power is cut, and what was synced is there": partial(power_is_cut, left="synced"),
    "power is cut, and all names are there": partial(power_is_cut, left="names"),
}
PAIRS = [
    *(("whole", second, None) for second in ("whole", "long", "half", "end", "expire", "recover", "look")),
    *(("long", second, None) for second in ("whole", "long", "half", "end", "expire", "recover", "look")),
    *(("rest", second, "half") for second in ("rest", "end", "expire", "recover", "look")),
    *((first, "whole", None) for first in ("half", "end", "expire")),
    *((first, "rest", "half") for first in ("end", "expire", "recover")),
]


@pytest.mark.parametrize("is_late", [False, True], ids=["early", "late"])
@pytest.mark.parametrize(("first", "second", "before"), PAIRS, ids=[f"{first}-{second}" for first, second, _ in PAIRS])
def test_of_two_at_once_each_may_stand_anywhere_when_one_is_killed_or_the_power_goes(
    stage: Stage, first: str, second: str, before: str | None, is_late: bool
) -> None:
    stage.is_late = is_late
    counts = stage.steps_of(first, before), stage.steps_of(second, before)
    for one, other, (number, (name, ending)) in product(*map(range, counts), enumerate(ENDINGS.items())):
        if (one + other + number) % stride(13):
            continue

        def piece(archive: Archive, *actors: Actor, one: int = one, other: int = other, ending: Any = ending) -> None:
            actors[0].advance(one)
            actors[1].advance(other)
            ending(archive, *actors)

        try:
            stage.play((first, second), piece, before)
        except BaseException as error:
            error.add_note(f"{first} before step {one}, {second} before step {other}, {name}")
            raise


@pytest.mark.parametrize(("first", "second", "before"), PAIRS, ids=[f"{first}-{second}" for first, second, _ in PAIRS])
def test_a_commit_that_lands_after_who_asked_for_it_was_killed_finds_what_it_was_about(
    stage: Stage, first: str, second: str, before: str | None
) -> None:
    """Whoever asks for the row meanwhile reads that it is open, unless he waits for it."""
    one, others = stage.steps_of(first, before), stage.steps_of(second, before)
    for other in range(others):

        def piece(archive: Archive, *actors: Actor, other: int = other) -> None:
            commit = next((at for at in range(one) if _asks_for_a_commit(actors[0], at)), None)
            actors[0].kill()
            assert (commit is None) == (archive.rows.under_way == [])
            actors[1].advance(other)
            archive.rows.land()
            to_the_end(actors[1])

        try:
            stage.play((first, second), piece, before)
        except BaseException as error:
            error.add_note(f"{second} before step {other}")
            raise


def _asks_for_a_commit(actor: Actor, step: int) -> bool:
    actor.advance(min(step, 1))
    return actor.steps[-1] == "row: commit is asked for"


@pytest.mark.parametrize("seed", some_of(range(400), one_in=8))
def test_of_several_at_once_none_loses_what_was_acknowledged_in_whatever_order_they_come(
    stage: Stage, seed: int
) -> None:
    source = random.Random(seed)
    stage.is_late = source.random() < 0.5
    works = source.choices(list(WORKS), k=3)

    def piece(archive: Archive, *actors: Actor) -> None:
        for _ in range(source.randrange(40)):
            actor = source.choice(actors)
            if source.random() < 0.03:
                actor.kill()
            elif source.random() < 0.1:
                archive.rows.land()
            else:
                actor.advance(source.randrange(1, 8))
        archive.rows.land()
        if source.random() < 0.3:
            for actor in actors:
                actor.kill()
            archive.rows.land()
            archive.disk.cut_power(source.choice(("synced", "names")))
        to_the_end(*actors)

    stage.play(works, piece, source.choice((None, "half")))
