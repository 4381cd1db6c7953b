from __future__ import annotations

import secrets
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from retention.classes import (
    CLASS_AT_SEALING,
    MONTHS_AT_SEALING,
    add_months,
    lengthen_class,
    list_classes,
    retain_until_at_sealing,
)
from retention.disposal import disposal_month
from retention.errors import (
    ClassUnchanged,
    DeedNotAllowed,
    OutsideUnit,
    ReasonUnusable,
    ShorteningRefused,
    UnknownRetentionClass,
    UnknownSubject,
)
from storage.catalog.retention import RetentionClass
from storage.keystore import KeyStore, WrappedKey, create_key_store

RECEIVED = datetime(2026, 8, 31, 12, 30, tzinfo=UTC)


@pytest.fixture
def keys(tmp_path: Path) -> KeyStore:
    return create_key_store(tmp_path / "keys")


@pytest.fixture
def sealed(session: Session, archive: Any, keys: KeyStore) -> Any:
    """A recording and its proxy under real wrapped keys, with their plain data keys beside them."""
    unit = archive.unit()
    recording = archive.recording(unit, received_at=RECEIVED)
    rows = [recording, archive.rendition(recording)]
    plain = [secrets.token_bytes(32) for _ in rows]
    for row, data_key in zip(rows, plain, strict=True):
        wrapped = keys.wrap_data_key(unit.id, "2027-02", data_key)
        row.kek_id, row.wrapped_data_key = wrapped.kek_id, wrapped.wrapped
    session.flush()
    return {"unit": unit, "recording": recording, "rows": rows, "plain": plain}


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 15), 6, date(2026, 7, 15)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 12, 31), 6, date(2027, 6, 30)),
        (date(2028, 2, 29), 60, date(2033, 2, 28)),
        (date(2026, 7, 1), 6, date(2027, 1, 1)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 12, 1), 12, date(2027, 12, 1)),
    ],
)
def test_months_are_calendar_months(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected


@given(st.dates(date(1970, 1, 1), date(2200, 1, 1)), st.integers(0, 600))
def test_months_land_in_the_right_month_and_never_later_in_it(day: date, months: int) -> None:
    end = add_months(day, months)
    assert (end.year * 12 + end.month) - (day.year * 12 + day.month) == months
    assert end.day <= day.day
    assert end.day == day.day or add_months(end, 0).replace(day=end.day) == end


@given(st.dates(date(1970, 1, 1), date(2200, 1, 1)), st.integers(1, 60))
def test_received_later_is_never_kept_for_less_long(day: date, months: int) -> None:
    assert add_months(day, months) <= add_months(date.fromordinal(day.toordinal() + 1), months)


def test_class_at_sealing_is_what_the_catalog_says(session: Session) -> None:
    row = session.get(RetentionClass, CLASS_AT_SEALING)
    assert row is not None
    assert row.keep_months == MONTHS_AT_SEALING
    assert retain_until_at_sealing(datetime(2026, 8, 31, 12, tzinfo=UTC)) == date(2027, 2, 28)
    assert [row.code for row in list_classes(session)] == ["general", "extended", "permanent"]


def test_what_comes_in_the_small_hours_is_received_on_the_chinese_day() -> None:
    assert retain_until_at_sealing(datetime(2026, 1, 9, 15, 59, 59, tzinfo=UTC)) == date(2026, 7, 9)
    assert retain_until_at_sealing(datetime(2026, 1, 9, 16, tzinfo=UTC)) == date(2026, 7, 10)


@pytest.mark.parametrize(
    ("day", "month"), [(date(2027, 5, 31), "2027-05"), (date(999, 1, 1), "0999-01"), (None, "permanent")]
)
def test_disposal_month_is_the_key_stores_word(day: date | None, month: str) -> None:
    assert disposal_month(day) == month


def test_lengthening_moves_the_end_and_the_keys(session: Session, archive: Any, sealed: Any, keys: KeyStore) -> None:
    supervisor, recording = archive.person(sealed["unit"], "supervisor"), sealed["recording"]
    lengthen_class(session, supervisor, recording.id, "extended", "当事人投诉", keys)
    assert (recording.retention_class, recording.retain_until) == ("extended", date(2031, 8, 31))
    for row, data_key in zip(sealed["rows"], sealed["plain"], strict=True):
        session.refresh(row)
        assert ".2031-08." in row.kek_id
        assert keys.unwrap_data_key(WrappedKey(row.kek_id, row.wrapped_data_key)) == data_key
    entry = archive.last_entry("retention.lengthened")
    assert (entry.data["from"], entry.data["to"], entry.data["retain_until"]) == ("general", "extended", "2031-08-31")
    assert "当事人投诉" not in archive.ledger_text()


def test_permanent_is_the_longest(session: Session, archive: Any, sealed: Any, keys: KeyStore) -> None:
    supervisor, recording = archive.person(sealed["unit"], "supervisor"), sealed["recording"]
    lengthen_class(session, supervisor, recording.id, "permanent", "重大案件", keys)
    assert recording.retain_until is None
    assert ".permanent." in recording.kek_id
    for code in ("general", "extended"):
        with pytest.raises(ShorteningRefused, match="two persons"):
            lengthen_class(session, supervisor, recording.id, code, "r", keys)


def test_shortening_is_refused_and_changes_nothing(session: Session, archive: Any, sealed: Any, keys: KeyStore) -> None:
    supervisor, recording = archive.person(sealed["unit"], "supervisor"), sealed["recording"]
    lengthen_class(session, supervisor, recording.id, "extended", "r", keys)
    kek_id = recording.kek_id
    with pytest.raises(ShorteningRefused) as caught:
        lengthen_class(session, supervisor, recording.id, "general", "r", keys)
    assert (caught.value.kept_until, caught.value.would_be_until) == (date(2031, 8, 31), date(2027, 2, 28))
    assert (recording.retention_class, recording.kek_id) == ("extended", kek_id)
    assert len(archive.entries("retention.lengthened")) == 1


def test_unusable_lengthening_is_refused(session: Session, archive: Any, sealed: Any, keys: KeyStore) -> None:
    import uuid

    unit, recording = sealed["unit"], sealed["recording"]
    supervisor, stranger = archive.person(unit, "supervisor"), archive.person(archive.unit(), "supervisor")
    for person, recording_id, code, reason, error in (
        (archive.person(unit, "officer"), recording.id, "extended", "r", DeedNotAllowed),
        (supervisor, recording.id, "extended", " ", ReasonUnusable),
        (supervisor, recording.id, "forever", "r", UnknownRetentionClass),
        (supervisor, recording.id, "general", "r", ClassUnchanged),
        (supervisor, uuid.uuid4(), "extended", "r", UnknownSubject),
        (stranger, recording.id, "extended", "r", OutsideUnit),
    ):
        with pytest.raises(error):
            lengthen_class(session, person, recording_id, code, reason, keys)
    assert recording.retention_class == "general"
    assert archive.entries("retention.lengthened") == []
