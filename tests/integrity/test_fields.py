from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrity.errors import MalformedEvidence
from integrity.fields import Fields, format_instant, parse_instant, parse_uuid


@given(st.datetimes(timezones=st.just(UTC)))
def test_instants_come_back_to_the_microsecond(instant: datetime) -> None:
    text = format_instant(instant)
    assert len(text) == 27
    assert parse_instant(text, "time") == instant


def test_local_time_is_written_in_utc() -> None:
    beijing = datetime(2026, 1, 1, 9, 30, tzinfo=timezone(timedelta(hours=8)))
    assert format_instant(beijing) == "2026-01-01T01:30:00.000000Z"


def test_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        format_instant(datetime(2026, 1, 1))


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01T01:30:00Z",
        "2026-01-01T01:30:00.000Z",
        "2026-01-01T01:30:00.000000+00:00",
        "2026-01-01 01:30:00.000000Z",
        "2026-01-01T01:30:00.000000z",
        "2026-02-30T01:30:00.000000Z",
        "2026-01-01T25:30:00.000000Z",
        "2026-01-01T01:30:00.000000Z\n",
        "２026-01-01T01:30:00.000000Z",
    ],
)
def test_another_spelling_of_a_time_is_refused(text: str) -> None:
    with pytest.raises(MalformedEvidence):
        parse_instant(text, "time")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "8DABEDAB-2FEB-4129-BD7F-8E8CC9C91B91",
        "8dabedab2feb4129bd7f8e8cc9c91b91",
        "{8dabedab-2feb-4129-bd7f-8e8cc9c91b91}",
        "urn:uuid:8dabedab-2feb-4129-bd7f-8e8cc9c91b91",
    ],
)
def test_another_spelling_of_a_uuid_is_refused(text: str) -> None:
    with pytest.raises(MalformedEvidence):
        parse_uuid(text, "id")


@pytest.mark.parametrize(
    "read",
    [
        lambda fields: fields.text("number"),
        lambda fields: fields.text("null"),
        lambda fields: fields.count("text"),
        lambda fields: fields.count("true"),
        lambda fields: fields.count("negative"),
        lambda fields: fields.count("float"),
        lambda fields: fields.flag("number"),
        lambda fields: fields.flag("text"),
        lambda fields: fields.items("text"),
        lambda fields: fields.items("object"),
        lambda fields: fields.mapping("array"),
        lambda fields: fields.nested("array", ()),
        lambda fields: fields.hex("number", 1),
        lambda fields: fields.one_of("text", ("a", "b")),
        lambda fields: fields.constant("true", 1),
        lambda fields: fields.constant("float", 1),
        lambda fields: fields.constant("number", 2),
        lambda fields: fields.uuid("text"),
        lambda fields: fields.instant("text"),
        lambda fields: fields.digest("text", "sha256"),
    ],
)
def test_member_of_another_type_is_refused(read: Callable[[Fields], object]) -> None:
    value = {
        "text": "t", "number": 1, "float": 1.0, "negative": -1, "true": True, "null": None, "array": [], "object": {},
    }  # fmt: skip
    with pytest.raises(MalformedEvidence, match="form"):
        read(Fields("form", value, tuple(value)))


def test_members_are_exactly_those_named() -> None:
    with pytest.raises(MalformedEvidence, match="member 'b' is missing"):
        Fields("form", {"a": 1}, ("a", "b"))
    with pytest.raises(MalformedEvidence, match="unknown member 'c'"):
        Fields("form", {"a": 1, "c": 1}, ("a",))
    with pytest.raises(MalformedEvidence, match="not a JSON object"):
        Fields("form", ["a"], ("a",))
