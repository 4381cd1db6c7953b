"""Which viewings of a month are drawn, by a hash that the test works out by itself; and who may say what of them."""

from __future__ import annotations

import hashlib
import math
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

import casework.retrieval.sampling as sampling
from casework.errors import RoleNotAllowed, TextUnusable, Unknown, WordUnknown
from casework.retrieval.errors import MonthNotOver, OwnViewing, ViewingReviewed
from casework.retrieval.oversight import first_played
from casework.retrieval.sampling import draw_viewings, next_month, review_viewing, start_of
from retention.errors import OutsideUnit
from storage.catalog.access import PlaybackWindow
from storage.catalog.ledger import LedgerCheckpoint

MARCH = date(2026, 3, 1)
NOW = datetime(2026, 4, 2, tzinfo=UTC)
ROOT = bytes(range(32))


@pytest.fixture
def bench(archive: Any, session: Session, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Thirty viewings in March and one on each side of it, in Chinese time; a checkpoint before its end, two after it.

    Checkpoints are the sequencer's to write, and nobody else's.
    """
    top = archive.unit()
    unit = archive.unit(top)
    officer, supervisor = archive.person(unit, "officer"), archive.person(unit, "supervisor")

    class Bench:
        auditor, above = archive.person(unit, "auditor"), archive.person(top, "auditor")
        elsewhere = archive.person(archive.unit(), "auditor")
        case = archive.case(officer)
        grant = archive.grant(case, officer, supervisor)

        films: ClassVar[dict[uuid.UUID, Any]] = {}

        def watch(
            self, at: datetime, object_name: str = "proxy", grant: Any = None, film: uuid.UUID | None = None
        ) -> tuple[uuid.UUID, uuid.UUID]:
            """Of a recording of its own, or of `film` again."""
            under = grant or self.grant
            return self.open_window(self.new_film() if film is None else self.films[film], at, object_name, under)

        def new_film(self) -> Any:
            film = archive.recording(unit)
            archive.link(film, self.case, officer)
            self.films[film.id] = film
            return film

        def open_window(self, film: Any, at: datetime, object_name: str, under: Any) -> tuple[uuid.UUID, uuid.UUID]:
            row = PlaybackWindow(
                id=uuid.uuid4(),
                unit_id=unit.id,
                person_id=under.person_id,
                grant_id=under.id,
                recording_id=film.id,
                object_name=f"renditions/{film.id}/proxy" if object_name == "proxy" else object_name,
                first_byte=0,
                last_byte=99,
                opened_at=at,
                expires_at=at + timedelta(seconds=30),
            )
            session.add(row)
            session.flush()
            return under.id, film.id

    bench = Bench()
    first = datetime(2026, 2, 28, 16, tzinfo=UTC)  # midnight in China
    bench.seen = [bench.watch(first + timedelta(days=number)) for number in range(30)]  # type: ignore[attr-defined]
    for outside in (first - timedelta(seconds=1), datetime(2026, 3, 31, 16, tzinfo=UTC)):
        bench.watch(outside)
    signed = ((10, b"\1" * 32, first), (20, ROOT, NOW), (30, b"\2" * 32, NOW))
    bench.signed = [  # type: ignore[attr-defined]
        LedgerCheckpoint(size=size, root=root, note=b"", signed_at=signed_at) for size, root, signed_at in signed
    ]
    monkeypatch.setattr(
        sampling, "seed_after", lambda _, moment: next((one for one in bench.signed if one.signed_at >= moment), None)
    )
    return bench


def expected(bench: Any, count: int) -> list[tuple[uuid.UUID, uuid.UUID]]:
    def rank(seen: tuple[uuid.UUID, uuid.UUID]) -> str:
        return hashlib.sha256("/".join((ROOT.hex(), str(seen[0]), str(seen[1]))).encode()).hexdigest()

    return sorted(bench.seen, key=rank)[:count]


def drawn(session: Session, by: Any, month: date = MARCH) -> list[tuple[uuid.UUID, uuid.UUID]]:
    return [(each.grant_id, each.recording_id) for each in draw_viewings(session, by, month, NOW).sample]


def test_the_sample_is_of_the_month_and_of_the_first_checkpoint_after_it(session: Session, bench: Any) -> None:
    found = draw_viewings(session, bench.auditor, MARCH, NOW)
    assert (found.size, found.root, found.eligible) == (20, ROOT, 30)
    assert drawn(session, bench.auditor) == expected(bench, 5) == drawn(session, bench.above)
    assert drawn(session, bench.elsewhere) == []


def test_of_many_one_in_twenty_is_drawn(session: Session, bench: Any) -> None:
    bench.seen += [bench.watch(datetime(2026, 3, 20, tzinfo=UTC)) for _ in range(101)]
    assert len(bench.seen) == 131
    assert drawn(session, bench.auditor) == expected(bench, math.ceil(131 / 20))


def test_pictures_that_were_opened_before_move_no_viewing_into_an_earlier_month(session: Session, bench: Any) -> None:
    """Else whoever knows the root plays in April, of what lists showed him in March, what was not drawn."""
    grant_id, film = bench.watch(datetime(2026, 3, 31, 15, tzinfo=UTC), "renditions/x/poster-1")
    before = drawn(session, bench.auditor)
    bench.watch(datetime(2026, 3, 31, 17, tzinfo=UTC), film=film)
    found = draw_viewings(session, bench.auditor, MARCH, NOW)
    assert (drawn(session, bench.auditor), found.eligible) == (before, 30)
    april = first_played(session, bench.auditor, start_of(date(2026, 4, 1)), start_of(date(2026, 5, 1)))
    assert (grant_id, film) in {(each.grant_id, each.recording_id) for each in april}


def test_what_is_opened_after_a_month_changes_nothing_of_its_viewings(session: Session, bench: Any) -> None:
    before = draw_viewings(session, bench.auditor, MARCH, NOW)
    for _, film in bench.seen:
        bench.watch(datetime(2026, 4, 1, 8, tzinfo=UTC), film=film)
        bench.watch(datetime(2026, 4, 1, 9, tzinfo=UTC), "renditions/x/sprite-1", film=film)
    assert draw_viewings(session, bench.auditor, MARCH, NOW) == before


def test_a_month_that_is_not_over_is_not_drawn(session: Session, bench: Any) -> None:
    for month in (date(2026, 4, 1), date(2026, 5, 1)):
        with pytest.raises(MonthNotOver, match=f"{month:%Y-%m}"):
            draw_viewings(session, bench.auditor, month, NOW)
    del bench.signed[1:]
    with pytest.raises(MonthNotOver):
        draw_viewings(session, bench.auditor, MARCH, NOW)


def test_a_viewing_is_reviewed_once_by_somebody_else(session: Session, archive: Any, bench: Any) -> None:
    (first, second, *_) = draw_viewings(session, bench.auditor, MARCH, NOW).sample
    said = (session, bench.auditor, first.grant_id, first.recording_id)
    for outcome, note, error in (("fine", "x", WordUnknown), ("proper", " ", TextUnusable)):
        with pytest.raises(error):
            review_viewing(*said, outcome, note)
    row = review_viewing(*said, "questioned", "用途与案件无关")
    assert draw_viewings(session, bench.auditor, MARCH, NOW).reviews == {(first.grant_id, first.recording_id): row}
    with pytest.raises(ViewingReviewed):
        review_viewing(session, bench.above, first.grant_id, first.recording_id, "proper", "相符")
    with pytest.raises(OutsideUnit):
        review_viewing(session, bench.elsewhere, second.grant_id, second.recording_id, "proper", "相符")
    with pytest.raises(Unknown):
        review_viewing(session, bench.auditor, second.grant_id, uuid.uuid4(), "proper", "相符")
    officer = archive.person(archive.unit_of(bench.auditor), "officer")
    with pytest.raises(RoleNotAllowed):
        review_viewing(session, officer, second.grant_id, second.recording_id, "proper", "相符")
    (entry,) = archive.entries("viewing.reviewed")
    assert (entry.subject_id, entry.data["outcome"]) == (str(first.grant_id), "questioned")
    assert "无关" not in archive.ledger_text()


def test_nobody_reviews_what_he_was_shown_himself(session: Session, archive: Any, bench: Any) -> None:
    supervisor = archive.person(archive.unit_of(bench.auditor), "supervisor")
    own = bench.watch(NOW, grant=archive.grant(bench.case, bench.auditor, supervisor))
    with pytest.raises(OwnViewing):
        review_viewing(session, bench.auditor, *own, "proper", "相符")
    row = {"id": uuid.uuid4(), "unit": bench.auditor.unit_id, "grant": own[0], "film": own[1]}
    insert = """INSERT INTO viewing_review
        (id, unit_id, grant_id, recording_id, outcome, note, reviewed_by, reviewed_at)
        VALUES (:id, :unit, :grant, :film, 'proper', 'x', :by, now())"""
    with pytest.raises(DBAPIError, match="nobody else was shown"), session.begin_nested():
        session.execute(text(insert), {**row, "by": bench.auditor.id})
    session.execute(text(insert), {**row, "by": bench.above.id})
    for statement in ("UPDATE viewing_review SET outcome = 'questioned'", "DELETE FROM viewing_review"):
        with pytest.raises(DBAPIError, match="permission denied"), session.begin_nested():
            session.execute(text(statement))


def test_months_follow_each_other_in_chinese_time() -> None:
    assert next_month(date(2026, 12, 1)) == date(2027, 1, 1)
    assert start_of(date(2026, 3, 9)) == datetime(2026, 2, 28, 16, tzinfo=UTC)
