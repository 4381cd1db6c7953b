from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.access import GrantFound, find_grant
from casework.errors import AccessRefused, RangeOutside, Unknown
from casework.playback import NOTE_SENT, WINDOW_BYTES, open_window, sum_up_expired_windows, who_saw
from storage.catalog.access import PlaybackWindow

NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
SIZE = 200 << 20
SECOND = timedelta(seconds=1)


@pytest.fixture
def viewer(session: Session, archive: Any) -> Any:
    """An officer with a grant of 24 hours to view one recording; `open` opens windows on its proxy."""

    class Viewer:
        unit = archive.unit()
        officer, supervisor = archive.person(unit, "officer"), archive.person(unit, "supervisor")
        case, recording = archive.case(officer), archive.recording(unit)
        link = archive.link(recording, case, officer)
        row = archive.grant(case, officer, supervisor)
        grant = find_grant(session, officer, recording.id, "view", NOW)
        shown = archive.rendition(recording)

        def open(self, first_byte: int, last_byte: int, now: datetime = NOW, **values: Any) -> Any:
            values = {"object_name": self.shown.object_name, "object_size": SIZE} | values
            return open_window(
                session,
                self.officer,
                values.pop("grant", self.grant),
                recording_id=self.recording.id,
                first_byte=first_byte,
                last_byte=last_byte,
                now=now,
                **values,
            )

    return Viewer()


def test_first_range_opens_an_aligned_window_with_its_entry(archive: Any, viewer: Any) -> None:
    (window,) = viewer.open(100, 2000)
    assert (window.first_byte, window.last_byte, window.is_new) == (0, WINDOW_BYTES - 1, True)
    assert window.expires_at == NOW + 600 * SECOND
    entry = archive.last_entry("playback.window_opened")
    assert (entry.actor_kind, entry.actor_id) == ("person", str(viewer.officer.id))
    assert entry.subject_id == str(viewer.recording.id)
    assert entry.data == {
        "window_id": str(window.window_id),
        "grant_id": str(viewer.grant.grant_id),
        "request_id": str(viewer.grant.request_id),
        "case_id": str(viewer.case.id),
        "object_name": viewer.shown.object_name,
        "first_byte": 0,
        "last_byte": WINDOW_BYTES - 1,
        "opened_at": "2026-03-10T08:00:00.000000Z",
        "expires_at": "2026-03-10T08:10:00.000000Z",
    }


def test_ranges_inside_a_live_window_need_no_new_entry(archive: Any, viewer: Any) -> None:
    (window,) = viewer.open(0, 0)
    for first_byte in range(0, WINDOW_BYTES, WINDOW_BYTES // 7):
        (again,) = viewer.open(first_byte, min(first_byte + 4095, WINDOW_BYTES - 1), NOW + 599 * SECOND)
        assert (again.window_id, again.is_new) == (window.window_id, False)
    assert len(archive.entries("playback.window_opened")) == 1


def test_range_over_several_windows_opens_those_that_are_missing(archive: Any, viewer: Any) -> None:
    (middle,) = viewer.open(WINDOW_BYTES, WINDOW_BYTES)
    windows = viewer.open(5, SIZE - 1)
    assert [window.first_byte for window in windows] == [0, WINDOW_BYTES, 2 * WINDOW_BYTES, 3 * WINDOW_BYTES]
    assert [window.last_byte + 1 for window in windows[:3]] == [window.first_byte for window in windows[1:]]
    assert windows[-1].last_byte == SIZE - 1
    assert [window.is_new for window in windows] == [True, False, True, True]
    assert windows[1].window_id == middle.window_id
    assert len(archive.entries("playback.window_opened")) == 4


def test_range_that_ends_on_a_border_does_not_open_the_next_window(viewer: Any) -> None:
    assert len(viewer.open(0, WINDOW_BYTES - 1)) == 1
    assert len(viewer.open(WINDOW_BYTES - 1, WINDOW_BYTES)) == 2


def test_window_is_over_after_ten_minutes(viewer: Any) -> None:
    (first,) = viewer.open(0, 10)
    (second,) = viewer.open(0, 10, NOW + 600 * SECOND)
    assert second.window_id != first.window_id
    assert second.expires_at == NOW + 1200 * SECOND


def test_window_never_outlives_its_grant(viewer: Any) -> None:
    end = viewer.grant.expires_at
    (window,) = viewer.open(0, 10, end - 5 * SECOND)
    assert window.expires_at == end
    with pytest.raises(AccessRefused) as caught:
        viewer.open(0, 10, end)
    assert caught.value.reason == "expired"


def test_window_of_another_grant_person_or_object_is_not_reused(session: Session, archive: Any, viewer: Any) -> None:
    (first,) = viewer.open(0, 10)
    other = GrantFound.of(archive.grant(viewer.case, viewer.officer, viewer.supervisor))
    other_copy = archive.rendition(viewer.recording, "sprite")
    (by_grant,) = viewer.open(0, 10, grant=other)
    (by_object,) = viewer.open(0, 10, object_name=other_copy.object_name, object_size=1000)
    assert len({first.window_id, by_grant.window_id, by_object.window_id}) == 3
    assert by_object.last_byte == 999


@pytest.mark.parametrize(("first", "last"), [(-1, 5), (5, 4), (0, SIZE), (SIZE, SIZE)])
def test_range_outside_the_object_opens_nothing(archive: Any, viewer: Any, first: int, last: int) -> None:
    with pytest.raises(RangeOutside, match=str(SIZE)):
        viewer.open(first, last)
    assert archive.entries("playback.window_opened") == []


def test_object_of_another_recording_opens_nothing(session: Session, archive: Any, viewer: Any) -> None:
    other = archive.recording(viewer.unit)
    for name in (other.object_name, archive.rendition(other).object_name, "nothing"):
        with pytest.raises(Unknown, match="object"):
            viewer.open(0, 10, object_name=name)
    assert session.scalars(select(PlaybackWindow)).all() == []


def test_what_left_is_summed_up_once_the_window_is_over(session: Session, archive: Any, viewer: Any) -> None:
    (window,) = viewer.open(0, 10)
    note_sent(session, window.window_id, 4096)
    note_sent(session, window.window_id, 904)
    assert sum_up_expired_windows(session, NOW + 599 * SECOND) == 0
    assert sum_up_expired_windows(session, NOW + 600 * SECOND) == 1
    assert sum_up_expired_windows(session, NOW + 601 * SECOND) == 0
    entry = archive.last_entry("playback.window_summed_up")
    assert (entry.actor_id, entry.subject_id) == ("housekeeping", str(viewer.recording.id))
    assert entry.data == {
        "window_id": str(window.window_id),
        "grant_id": str(viewer.grant.grant_id),
        "sent_bytes": 5000,
    }


def test_window_nobody_read_from_is_summed_up_as_nothing(session: Session, archive: Any, viewer: Any) -> None:
    viewer.open(0, SIZE - 1)
    assert sum_up_expired_windows(session, NOW + 700 * SECOND, limit=3) == 3
    assert sum_up_expired_windows(session, NOW + 700 * SECOND, limit=3) == 1
    assert {entry.data["sent_bytes"] for entry in archive.entries("playback.window_summed_up")} == {0}


def test_bytes_that_leave_late_are_summed_up_again(session: Session, archive: Any, viewer: Any) -> None:
    (window,) = viewer.open(0, 10)
    note_sent(session, window.window_id, 10)
    sum_up_expired_windows(session, NOW + 700 * SECOND)
    note_sent(session, window.window_id, 5)
    assert sum_up_expired_windows(session, NOW + 701 * SECOND) == 1
    assert [entry.data["sent_bytes"] for entry in archive.entries("playback.window_summed_up")] == [10, 15]


def test_of_several_windows_each_is_told_whether_it_is_one(session: Session, viewer: Any) -> None:
    (first,), (last,) = viewer.open(0, 10), viewer.open(SIZE - 10, SIZE - 1)
    windows = [first.window_id, uuid.uuid4(), last.window_id]
    assert session.scalars(NOTE_SENT, {"windows": windows, "sent": [7, 8, 9]}).all() == [True, False, True]
    noted = {row.id: row.sent_bytes for row in session.scalars(select(PlaybackWindow))}
    assert noted == {first.window_id: 7, last.window_id: 9}


def note_sent(session: Session, window_id: uuid.UUID, sent_bytes: int) -> None:
    assert session.scalars(NOTE_SENT, {"windows": [window_id], "sent": [sent_bytes]}).all() == [True]


def test_who_saw_names_person_purpose_and_bytes_by_grant(session: Session, archive: Any, viewer: Any) -> None:
    windows = viewer.open(0, SIZE - 1)
    for window in windows:
        note_sent(session, window.window_id, 100)
    later = GrantFound.of(archive.grant(viewer.case, viewer.officer, viewer.supervisor))
    viewer.open(0, 10, NOW + 60 * SECOND, grant=later)
    page = who_saw(session, viewer.recording.id)
    assert [(row.grant_id, row.window_count, row.sent_bytes) for row in page.items] == [
        (later.grant_id, 1, 0),
        (viewer.grant.grant_id, 4, 400),
    ]
    assert not any(row.poster_only for row in page.items)
    assert {(row.person_name, row.purpose) for row in page.items} == {(viewer.officer.name, "核对现场经过")}
    first = who_saw(session, viewer.recording.id, limit=1)
    rest = who_saw(session, viewer.recording.id, limit=1, after=first.next)
    assert first.items + rest.items == page.items
    assert rest.next is None
    assert who_saw(session, archive.recording(viewer.unit).id).items == ()


def test_who_saw_the_poster_alone_is_not_said_to_have_seen_more(session: Session, archive: Any, viewer: Any) -> None:
    poster = archive.rendition(viewer.recording, "poster-0")
    viewer.open(0, 9, object_name=poster.object_name, object_size=10)
    (seen,) = who_saw(session, viewer.recording.id).items
    assert seen.poster_only
    viewer.open(0, 9)
    (seen,) = who_saw(session, viewer.recording.id).items
    assert not seen.poster_only
