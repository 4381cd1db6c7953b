"""An unfinished upload expires by its last progress, not by its age; and however it goes on, not after its bound."""

from __future__ import annotations

import email.utils
from datetime import UTC, datetime, timedelta

import pytest

from ingest.uploads import offset_file
from ingest.uploads.sweeps import expire_stale
from tests.ingest.uploads.serving import small_limits

DAY = timedelta(days=1)


def upload_id_of(path: str) -> str:
    return path.rpartition("/")[2]


def created_ago(tus, path: str, ago: timedelta) -> None:
    """As if it had been created then."""
    expires_at, latest = (datetime.now(UTC).replace(microsecond=0) + kept - ago for kept in (3 * DAY, 30 * DAY))
    moved = {"expires_at": expires_at.isoformat(), "latest": latest.isoformat()}
    tus.change_register(lambda content: content["uploads"][upload_id_of(path)].update(moved))


def progressed_ago(tus, path: str, ago: timedelta, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if its next bytes had come then."""
    moment = (datetime.now(UTC) - ago).timestamp()
    with monkeypatch.context() as patch, tus.staging.take_first_ticket(upload_id_of(path), 1000) as held:
        patch.setattr(offset_file.time, "time", lambda: moment)
        assert held.try_lock()
        held.note_row_open()
        held.open_bytes(4)
        held.append([b"0123"])
        held.keep()


def expiry(reply) -> datetime:
    return email.utils.parsedate_to_datetime(reply.headers["upload-expires"])


def sweep(tus) -> list[str]:
    return expire_stale(tus.staging, tus.register, small_limits(), datetime.now(UTC))


def near(moment: datetime, ahead: timedelta) -> bool:
    return abs(moment - datetime.now(UTC) - ahead) < timedelta(minutes=5)


def test_an_upload_that_goes_on_is_kept_and_says_until_when_anew(start_server, monkeypatch):
    tus = start_server()
    path = tus.create(1000)
    created_ago(tus, path, 5 * DAY)
    progressed_ago(tus, path, DAY, monkeypatch)
    assert sweep(tus) == []
    seen = tus.head(path)
    assert (seen.status, seen.offset) == (200, 4)
    assert near(expiry(seen), 2 * DAY)
    reply = tus.patch(path, 4, b"456")
    assert (reply.status, reply.offset) == (204, 7)
    assert near(expiry(reply), 3 * DAY)
    assert near(expiry(tus.head(path)), 3 * DAY)


def test_an_upload_of_which_nothing_came_lately_is_over(start_server, monkeypatch):
    tus = start_server()
    path = tus.create(1000)
    created_ago(tus, path, 5 * DAY)
    progressed_ago(tus, path, 4 * DAY, monkeypatch)
    assert tus.head(path).status == 410
    assert tus.patch(path, 4, b"456").status == 410
    assert sweep(tus) == [upload_id_of(path)]


def test_asking_and_taking_it_over_is_no_progress(start_server, monkeypatch):
    tus = start_server()
    path = tus.create(1000)
    progressed_ago(tus, path, DAY, monkeypatch)
    created_ago(tus, path, 2 * DAY)
    for _ in range(2):
        assert tus.patch(path, 4, b"").status == 204
        assert tus.patch(path, 9, b"456").status == 409
        assert near(expiry(tus.head(path)), 2 * DAY)


def test_nothing_is_kept_past_the_bound_however_it_goes_on(start_server, monkeypatch):
    tus = start_server()
    path = tus.create(1000)
    created_ago(tus, path, 28 * DAY)
    progressed_ago(tus, path, timedelta(0), monkeypatch)
    assert near(expiry(tus.patch(path, 4, b"4")), 2 * DAY)
    created_ago(tus, path, 31 * DAY)
    assert tus.patch(path, 5, b"5").status == 410
    assert sweep(tus) == [upload_id_of(path)]


def test_an_upload_of_which_nothing_ever_came_expires_from_its_creation(start_server):
    tus = start_server()
    path = tus.create(1000)
    assert near(expiry(tus.head(path)), 3 * DAY)
    created_ago(tus, path, 2 * DAY)
    assert near(expiry(tus.head(path)), DAY)
    created_ago(tus, path, 4 * DAY)
    assert tus.head(path).status == 410
    assert tus.patch(path, 0, b"4").status == 410
    assert sweep(tus) == [upload_id_of(path)]


def test_a_length_that_is_declared_late_keeps_what_is_known_of_its_progress(start_server, monkeypatch):
    tus = start_server()
    path = tus.create(1000, {"Upload-Length": "", "Upload-Defer-Length": "1"})
    assert tus.patch(path, 0, b"0123").status == 204
    created_ago(tus, path, 5 * DAY)
    reply = tus.patch(path, 4, b"", {"Upload-Length": "1000"})
    assert reply.status == 204
    assert near(expiry(reply), 3 * DAY)
