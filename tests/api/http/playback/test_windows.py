"""The entry comes before the bytes, a window at a time, and what left is noted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

import api.http.asking_again
import api.http.pace
import api.http.playback.leaving
import api.http.playback.permitting
import casework.playback
import casework.standing_window
from api.http.playback.leaving import Playback
from casework.requests import revoke
from storage.catalog.access import PlaybackWindow
from tests.api.http.playback.viewing import connect, consented, original, read_raw

WINDOWED = (casework.playback, api.http.playback.permitting, casework.standing_window)


def test_many_ranges_fall_into_one_window_and_all_that_left_is_noted(served: Any, granted: Any) -> None:
    for start in range(0, 100_000, 10_000):
        granted.officer.get(original(granted), headers={"Range": f"bytes={start}-{start + 9_999}"})
    (entry,) = served.entries("playback.window_opened")
    assert entry.actor_id == str(granted.officer.person.id)
    assert (entry.data["first_byte"], entry.data["last_byte"]) == (0, 2_999_999)
    assert served.wait_for_sent(100_000) == 100_000


def test_a_range_over_two_windows_opens_each_when_its_bytes_are_due(
    served: Any, granted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in WINDOWED:
        monkeypatch.setattr(module, "WINDOW_BYTES", 1 << 20)
    answer = granted.officer.get(original(granted), headers={"Range": "bytes=1000000-2200000"})
    assert answer.content == granted.content[1_000_000:2_200_001]
    spans = [entry.data["first_byte"] for entry in served.entries("playback.window_opened")]
    assert spans == [0, 1 << 20, 2 << 20]
    assert served.wait_for_sent(1_200_001) == 1_200_001


def test_a_grant_revoked_during_a_download_stops_it_at_the_next_window(
    served: Any, scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in WINDOWED:
        monkeypatch.setattr(module, "WINDOW_BYTES", 1 << 20)
    grant = consented(served, scene)
    whole = api.http.playback.leaving.reopen

    def revoke_first(*arguments: Any, **named: Any) -> Any:
        with served.database.transaction() as session:
            revoke(session, scene.supervisor.person, grant.id, "误批")
        return whole(*arguments, **named)

    monkeypatch.setattr(api.http.playback.leaving, "reopen", revoke_first)
    received = read_raw(served, scene.officer, original(scene))
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"content-length: 3000000" in head.lower()
    assert body == scene.content[: 1 << 20]
    assert [entry.data["reason"] for entry in served.entries("access.denied")] == ["revoked"]


def test_a_grant_revoked_within_a_window_stops_the_download_soon(
    served: Any, scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.http.asking_again, "ASK_AGAIN_SECONDS", 0.0)
    grant = consented(served, scene)
    whole = Playback._still_stands

    async def revoke_first(*arguments: Any) -> bool:
        with served.database.transaction() as session:
            revoke(session, scene.supervisor.person, grant.id, "误批")
        return await whole(*arguments)

    monkeypatch.setattr(Playback, "_still_stands", revoke_first)
    _, _, body = read_raw(served, scene.officer, original(scene)).partition(b"\r\n\r\n")
    assert len(body) <= api.http.pace.LEAST_AT_ONCE
    assert scene.content.startswith(body)
    (entry,) = served.entries("access.denied")
    assert (entry.data["reason"], entry.data["object_name"]) == ("revoked", scene.recording.object_name)


def test_no_byte_leaves_when_the_entry_cannot_be_committed(
    served: Any, granted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the ledger's row cannot be written")

    opened: list[str] = []
    whole = served.archive.store.open
    monkeypatch.setattr(served.archive.store, "open", lambda name: opened.append(name) or whole(name))
    monkeypatch.setattr(casework.playback, "record_change", fail)
    answer = granted.officer.get(original(granted))
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert [name for name in opened if not name.startswith("ledger/")] == []
    with served.database.reading() as session:
        assert session.scalars(select(PlaybackWindow)).all() == []


def test_no_byte_leaves_when_the_commit_itself_fails(served: Any, granted: Any) -> None:
    served.as_owner("""
        CREATE FUNCTION refuse_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$;
        CREATE CONSTRAINT TRIGGER late AFTER INSERT ON playback_window DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION refuse_commit();
    """)
    answer = granted.officer.get(original(granted), headers={"Range": "bytes=0-9"})
    assert answer.status_code >= 500
    assert granted.content[:10] not in answer.content
    assert served.entries("playback.window_opened") == []


def test_altered_footage_is_not_sent(served: Any, granted: Any) -> None:
    path = served.archive.store.root / granted.recording.object_name
    content = bytearray(path.read_bytes())
    content[500] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)
    answer = granted.officer.get(original(granted), headers={"Range": "bytes=0-9"})
    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:liuhen:problem:altered"
    # The later segments are as they were sealed, and are still shown.
    later = granted.officer.get(original(granted), headers={"Range": "bytes=2500000-2500009"})
    assert later.content == granted.content[2_500_000:2_500_010]


def test_footage_altered_further_on_ends_short(served: Any, granted: Any) -> None:
    path = served.archive.store.root / granted.recording.object_name
    content = bytearray(path.read_bytes())
    content[2_500_000] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)
    _, _, body = read_raw(served, granted.officer, original(granted)).partition(b"\r\n\r\n")
    assert len(body) < len(granted.content)
    assert granted.content.startswith(body)


def test_a_client_that_goes_away_is_noted_with_what_it_got(served: Any, scene_of: Callable[[bytes], Any]) -> None:
    scene = scene_of(b"\x5a" * (24 << 20))
    consented(served, scene)
    connection = connect(served, scene.officer, original(scene))
    connection.recv(100_000)
    connection.close()
    assert 100_000 <= served.wait_for_sent(1) < len(scene.content)


def test_a_grant_that_ends_soon_gives_no_window_beyond_it(served: Any, scene: Any) -> None:
    grant = consented(served, scene, lasting=timedelta(seconds=60))
    assert scene.officer.get(original(scene), headers={"Range": "bytes=0-9"}).status_code == 206
    with served.database.reading() as session:
        (window,) = session.scalars(select(PlaybackWindow)).all()
        assert window.expires_at == grant.expires_at
