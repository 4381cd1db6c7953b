"""Footage that rotted in the store: the right bytes, from the replica, or an answer that is cut short. Never others."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from storage.objects.folder import FolderStore
from tests.api.http.playback.viewing import original

FLIPS = 12


@pytest.fixture
def stored(served: Any, granted: Any) -> Path:
    """The file of the recording's object."""
    path = Path(served.archive.settings.data / "objects" / granted.recording.object_name)
    path.chmod(0o600)
    return path


@pytest.fixture
def with_replica(served: Any, granted: Any, stored: Path, tmp_path: Path) -> FolderStore:
    """The archive has a second store, in which the object is."""
    second = FolderStore(tmp_path / "second")
    second.put(granted.recording.object_name, stored.read_bytes())
    served.name_replica(second.root)
    return second


def damages(content: bytes) -> list[bytes]:
    """Bits flipped in every part of it, and ends cut off."""
    chance = random.Random(1)
    damaged = []
    for part in range(FLIPS):
        changed = bytearray(content)
        changed[min(len(content) - 1, part * len(content) // FLIPS + chance.randrange(1000))] ^= 1 << chance.randrange(
            8
        )
        damaged.append(bytes(changed))
    return [*damaged, content[:-1], content[: len(content) // 2], b""]


def received(who: Any, path: str) -> tuple[int, bytes]:
    """Status, and what came of the body until it broke off."""
    body = bytearray()
    with who.stream("GET", path) as answer, suppress(httpx.RemoteProtocolError):
        for piece in answer.iter_raw():
            body += piece
    return answer.status_code, bytes(body)


def test_without_a_replica_what_rotted_is_refused_or_cut_short(granted: Any, stored: Path) -> None:
    for content in damages(stored.read_bytes()):
        stored.write_bytes(content)
        status, body = received(granted.officer, original(granted))
        if status == 200:
            assert granted.content.startswith(body)
            assert len(body) < len(granted.content)
        else:
            assert status >= 500


def test_with_a_replica_every_byte_is_right(granted: Any, stored: Path, with_replica: FolderStore) -> None:
    whole = stored.read_bytes()
    for content in damages(whole):
        stored.write_bytes(content)
        assert granted.officer.get(original(granted)).content == granted.content
        answer = granted.officer.get(original(granted), headers={"Range": "bytes=1000000-2100000"})
        assert (answer.status_code, answer.content) == (206, granted.content[1_000_000:2_100_001])
    stored.unlink()
    assert granted.officer.get(original(granted)).content == granted.content
    stored.write_bytes(whole)
    with_replica.delete(granted.recording.object_name)
    assert granted.officer.get(original(granted)).content == granted.content, "a replica that lacks it hinders nobody"
