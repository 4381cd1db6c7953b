"""A recording at which a step of housekeeping raises keeps no other waiting, is told of, and is tried again."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from api.tasks import housekeeping
from api.tasks.one_by_one import Step, do_some, go_through
from casework.elements import judgements
from casework.linking import linker
from ingest.metadata import segments
from storage.catalog.casework import LinkingDone
from storage.catalog.elements import RecordingJudgement
from storage.catalog.recordings import PositionTrack, RecordingSegment, RecordingSetAside, SidecarLook
from tests.api.tampering import as_superuser

CONTENT = b"no picture, but evidence\n" * 1000
HOUR = timedelta(hours=1)
LINKING = Step("linking", linker.find_due, linker.find_due_still, linker.look_at)
FILM = """UPDATE recording SET findings = findings || '{"kind": "video"}', duration_seconds = 60 WHERE id = %s"""


@contextmanager
def spoilt(server: Any, addresses: Any, recording: Any) -> Iterator[None]:
    """Its claims are such as no release writes: whatever reads them raises."""
    with as_superuser(server, addresses) as superuser:
        (before,) = superuser.execute("SELECT claims::text FROM recording WHERE id = %s", [recording.id]).fetchall()
        superuser.execute("UPDATE recording SET claims = '[42, {}]' WHERE id = %s", [recording.id])
        yield
        superuser.execute("UPDATE recording SET claims = %s WHERE id = %s", [*before, recording.id])


def make_films(server: Any, addresses: Any, rows: list[Any]) -> None:
    with as_superuser(server, addresses) as superuser:
        film = (
            """UPDATE recording SET findings = findings || '{"kind": "video"}', duration_seconds = 60 WHERE id = %s"""
        )
        for row in rows:
            superuser.execute(film, [row.id])


def sealed(sealing: Any, count: int) -> list[Any]:
    """The oldest first; each of a recorder and a minute of its own."""
    return [
        sealing.seal(CONTENT + bytes([number]), f"AB0000{number}_000123_2026030209300{number}.MP4")
        for number in range(count)
    ]


def set_aside(sealing: Any) -> dict[tuple[str, uuid.UUID], int]:
    with sealing.archive.database.reading() as session:
        rows = session.scalars(select(RecordingSetAside)).all()
    return {(row.step, row.recording_id): row.failures for row in rows}


def let_pause_end(sealing: Any) -> None:
    with sealing.archive.database.transaction() as session:
        session.execute(update(RecordingSetAside).values(due_at=datetime.now(UTC) - HOUR))


def done(sealing: Any, table: Any) -> set[uuid.UUID]:
    with sealing.archive.database.reading() as session:
        return set(session.scalars(select(table.recording_id)))


def link(sealing: Any) -> None:
    housekeeping.link_all_due(sealing.archive)


def judge(sealing: Any) -> None:
    housekeeping.judge_all_due(sealing.archive, datetime.now(UTC))


def group(sealing: Any) -> None:
    housekeeping.group_all_segments(sealing.archive)


def attach(sealing: Any) -> None:
    housekeeping.attach_all_sidecars(sealing.archive, datetime.now(UTC))


def make_logs(sealing: Any, rows: list[Any]) -> None:
    """Each is the log of positions beside some film."""
    with sealing.archive.database.transaction() as session:
        for row in rows:
            first = [0, 312304000, 1214737000, 1250, 150, 3]
            track = {"source": "nmea", "point_count": 1, "points": [first], "sha256": b"digest"}
            session.add(PositionTrack(recording_id=row.id, read_from=row.id, unit_id=row.unit_id, **track))


STEPS = (
    (link, "linking", LinkingDone),
    (judge, "judging", RecordingJudgement),
    (group, "grouping", RecordingSegment),
    (attach, "attaching", SidecarLook),
)


@pytest.mark.parametrize(("run", "step", "table"), STEPS, ids=[step for _, step, *_ in STEPS])
def test_the_oldest_raises_and_all_others_go_on_and_it_is_through_once_that_is_mended(
    sealing: Any,
    server: Any,
    addresses: Any,
    monkeypatch: pytest.MonkeyPatch,
    run: Callable[[Any], None],
    step: str,
    table: Any,
) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    monkeypatch.setattr(housekeeping, "SIDECARS", 2)
    rows = sealed(sealing, 4)
    ids = {row.id for row in rows}
    if step == "judging":  # It begins with what was looked at.
        go_through(sealing.archive.database, LINKING, 10)
    if step == "grouping":
        make_films(server, addresses, rows)
    if step == "attaching":
        make_logs(sealing, rows)
        make_films(server, addresses, [sealing.seal(b"beside it", row.original_name) for row in rows[:1]])
    with spoilt(server, addresses, rows[0]):
        with capture_logs() as said:
            for _ in range(len(rows)):
                run(sealing)
        assert done(sealing, table) == ids - {rows[0].id}
        assert set_aside(sealing)[step, rows[0].id] == 1
        (line,) = (each for each in said if each["event"] == "recording.set_aside" and each["step"] == step)
        assert (line["recording"], line["failures"]) == (str(rows[0].id), 1)
        assert line["at"]
        assert not {"exception", "exc_info"} & set(line)
        let_pause_end(sealing)
        run(sealing)
        assert set_aside(sealing)[step, rows[0].id] == 2
    run(sealing)
    assert rows[0].id not in done(sealing, table)
    let_pause_end(sealing)
    run(sealing)
    assert done(sealing, table) == ids
    assert set_aside(sealing) == {}


def test_pauses_grow_up_to_an_hour_and_a_clock_that_was_far_ahead_holds_up_nobody(
    sealing: Any, server: Any, addresses: Any
) -> None:
    (row,) = sealed(sealing, 1)
    make_films(server, addresses, [row])
    pauses = []
    with spoilt(server, addresses, row):
        for _ in range(12):
            group(sealing)
            with sealing.archive.database.reading() as session:
                kept = session.get_one(RecordingSetAside, (row.id, "grouping"))
                pauses.append(kept.due_at - session.scalar(text("SELECT now()")))
            let_pause_end(sealing)
    minutes = [pause.total_seconds() / 60 for pause in pauses]
    assert minutes == pytest.approx([1, 2, 4, 8, 16, 32, *[60] * 6], abs=0.5)
    with sealing.archive.database.transaction() as session:
        session.execute(update(RecordingSetAside).values(due_at=datetime.now(UTC) + timedelta(days=400)))
    group(sealing)
    assert done(sealing, RecordingSegment) == {row.id}
    assert set_aside(sealing) == {}


def test_what_a_person_put_into_a_case_meanwhile_is_left_to_that(sealing: Any, server: Any, addresses: Any) -> None:
    (row,) = sealed(sealing, 1)
    with spoilt(server, addresses, row):
        go_through(sealing.archive.database, LINKING, 10)
        assert set_aside(sealing) == {("linking", row.id): 1}
        with sealing.archive.database.transaction() as session:
            session.execute(text("DELETE FROM judgement_due"))
            session.add(LinkingDone(recording_id=row.id, unit_id=row.unit_id, outcome="by_person"))
        let_pause_end(sealing)
        go_through(sealing.archive.database, LINKING, 10)
    assert set_aside(sealing) == {}


def test_where_another_process_is_at_the_step_what_was_set_aside_stays_so(
    sealing: Any, server: Any, addresses: Any
) -> None:
    (row,) = sealed(sealing, 1)
    make_films(server, addresses, [row])
    go_through(sealing.archive.database, LINKING, 10)
    with spoilt(server, addresses, row):
        judge(sealing)
        group(sealing)
    let_pause_end(sealing)
    before = set_aside(sealing)
    assert {step for step, _ in before} == {"judging", "grouping"}
    with sealing.archive.database.transaction() as other:
        judgements.find_due(other, 1)
        segments.take_new(other, 1)
        group(sealing)
        judge(sealing)
    assert set_aside(sealing) == before


def test_a_database_that_is_away_is_no_recordings_fault(sealing: Any) -> None:
    (row,) = sealed(sealing, 1)

    def lose_connection(session: Any, _due: Any) -> None:
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    step = Step("linking", linker.find_due, linker.find_due_still, lose_connection)
    with capture_logs() as said, pytest.raises(OperationalError):
        do_some(sealing.archive.database, step, 10)
    assert said == []
    assert set_aside(sealing) == {}
    link(sealing)
    assert done(sealing, LinkingDone) == {row.id}
