"""Small pictures of a film are footage like the film: under a grant alone, and entered before a byte of them leaves."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from sqlalchemy import select

import casework.playback
from ingest.media.tiles import sprite_layout
from storage.catalog.access import PlaybackWindow
from tests.api.http.playback.viewing import viewing

CONTENT = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40


@pytest.fixture
def sprite(served: Any, scene: Any) -> str:
    """Its address."""
    layout = dataclasses.asdict(sprite_layout(6))
    served.copy(scene.recording, "sprite", CONTENT, "image/jpeg", facts=layout)
    return f"/api/v1/recordings/{scene.recording.id}/renditions/sprite"


def object_of(served: Any, scene: Any) -> str:
    (entry,) = served.entries("rendition.made")
    (name,) = served.archive.store.list(f"renditions/{scene.recording.id}/sprite-")
    assert entry.data["kind"] == "sprite"
    return str(name)


def test_without_a_grant_there_is_no_picture_and_the_refusal_is_entered(served: Any, scene: Any, sprite: str) -> None:
    answer = scene.officer.get(sprite)
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    (entry,) = served.entries("access.denied")
    assert (entry.data["reason"], entry.data["object_name"]) == ("no_grant", object_of(served, scene))
    assert served.entries("playback.window_opened") == []


def test_whoever_is_not_signed_in_gets_none(served: Any, scene: Any, sprite: str) -> None:
    viewing(served, scene)
    assert served.caller().get(sprite).status_code == 401


def test_under_a_grant_the_window_is_entered_and_the_picture_comes_once(served: Any, scene: Any, sprite: str) -> None:
    grant = viewing(served, scene)
    answer = scene.officer.get(sprite)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert answer.content == CONTENT
    assert answer.headers["cache-control"] == "no-store"
    (entry,) = served.entries("playback.window_opened")
    assert (entry.data["grant_id"], entry.data["object_name"]) == (str(grant.id), object_of(served, scene))
    assert served.wait_for_sent(len(CONTENT)) == len(CONTENT)


def test_no_byte_of_it_leaves_when_the_entry_cannot_be_committed(
    served: Any, scene: Any, sprite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the ledger's row cannot be written")

    viewing(served, scene)
    opened: list[str] = []
    whole = served.archive.store.open
    monkeypatch.setattr(served.archive.store, "open", lambda name: opened.append(name) or whole(name))
    monkeypatch.setattr(casework.playback, "record_change", fail)
    answer = scene.officer.get(sprite)
    assert answer.status_code == 500
    assert CONTENT[:8] not in answer.content
    assert [name for name in opened if name.startswith("renditions/")] == []
    with served.database.reading() as session:
        assert session.scalars(select(PlaybackWindow)).all() == []
