"""Ranges, heads and conditions, as HTTP says."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from storage.objects.folder import FolderReader
from tests.api.http.playback.viewing import original, viewing

SEGMENT = (1 << 20) - 16  # plaintext in one segment; the first holds 40 bytes less
RANGES = {
    "from the start": ("bytes=0-", 0, None),
    "first byte": ("bytes=0-0", 0, 1),
    "middle": ("bytes=1000-2000", 1000, 2001),
    "suffix": ("bytes=-5", -5, None),
    "suffix longer than the file": ("bytes=-99999999", 0, None),
    "last byte": ("bytes=2999999-", -1, None),
    "past the end": ("bytes=2999990-99999999", -10, None),
    "over the first boundary of segments": (f"bytes={SEGMENT - 41}-{SEGMENT - 39}", SEGMENT - 41, SEGMENT - 38),
    "over the second": (f"bytes={2 * SEGMENT - 41}-{2 * SEGMENT - 39}", 2 * SEGMENT - 41, 2 * SEGMENT - 38),
    "up to a boundary": (f"bytes=5-{SEGMENT - 41}", 5, SEGMENT - 40),
}


def test_ranges_give_the_very_bytes_of_the_original(granted: Any) -> None:
    size = len(granted.content)
    for name, (header, first, end) in RANGES.items():
        answer = granted.officer.get(original(granted), headers={"Range": header})
        expected = granted.content[first:end]
        assert answer.status_code == 206, name
        assert answer.content == expected, name
        start = first if first >= 0 else size + first
        assert answer.headers["content-range"] == f"bytes {start}-{start + len(expected) - 1}/{size}", name
        assert answer.headers["content-length"] == str(len(expected)), name


def test_what_has_to_be_fetched_from_the_disk_first_is_fetched_in_a_thread(
    granted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop asks for what is at hand alone, and every segment is read by another thread."""
    read_into, readers, askers = FolderReader.read_into, set(), set()

    def not_at_hand(reader: FolderReader, offset: int, buffer: memoryview) -> bool:
        askers.add(threading.current_thread())
        return False

    def read(reader: FolderReader, offset: int, buffer: memoryview) -> int:
        readers.add(threading.current_thread())
        return read_into(reader, offset, buffer)

    monkeypatch.setattr(FolderReader, "read_at_hand", not_at_hand)
    monkeypatch.setattr(FolderReader, "read_into", read)
    answer = granted.officer.get(original(granted), headers={"Range": "bytes=1000-2999999"})
    assert (answer.status_code, answer.content) == (206, granted.content[1000:])
    loops = {thread for thread in askers if "AnyIO worker" not in thread.name}
    assert loops
    assert not readers & loops


def test_without_a_range_all_of_it_comes_as_a_download(granted: Any) -> None:
    answer = granted.officer.get(original(granted))
    assert answer.status_code == 200
    assert answer.content == granted.content
    assert answer.headers["etag"] == f'"{granted.recording.sha256.hex()}"'
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''AB00001_")


def test_a_range_outside_is_416_and_opens_no_window(served: Any, granted: Any) -> None:
    for header in ("bytes=3000000-", "bytes=9999999-99999999", "bytes=-0"):
        answer = granted.officer.get(original(granted), headers={"Range": header})
        assert answer.status_code == 416, header
        assert answer.headers["content-range"] == "bytes */3000000"
        assert answer.headers["content-type"] == "application/problem+json"
    assert served.entries("playback.window_opened") == []


def test_what_is_no_single_range_of_bytes_is_ignored(granted: Any) -> None:
    for header in ("bytes=5-2", "bytes=0-1,5-9", "items=0-1", "bytes=-", "bytes=" + "9" * 5000 + "-"):
        answer = granted.officer.get(original(granted), headers={"Range": header})
        assert answer.status_code == 200, header[:20]
        assert answer.content == granted.content


def test_head_tells_size_and_digest_and_opens_no_window(served: Any, granted: Any) -> None:
    answer = granted.officer.head(original(granted))
    assert answer.status_code == 200
    assert answer.headers["content-length"] == "3000000"
    assert answer.headers["etag"] == f'"{granted.recording.sha256.hex()}"'
    part = granted.officer.head(original(granted), headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.headers["content-length"]) == (206, "10")
    assert served.entries("playback.window_opened") == []


def test_conditions_are_answered_as_http_says(granted: Any) -> None:
    tag = f'"{granted.recording.sha256.hex()}"'
    same = granted.officer.get(original(granted), headers={"Range": "bytes=0-9", "If-Range": tag})
    other = granted.officer.get(original(granted), headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    known = granted.officer.get(original(granted), headers={"If-None-Match": tag})
    assert (same.status_code, other.status_code, known.status_code) == (206, 200, 304)
    assert known.content == b""


def test_renditions_are_shown_in_place_and_unknown_ones_are_not_found(served: Any, granted: Any) -> None:
    content = bytes(range(256)) * 5000
    viewing(served, granted)
    served.copy(granted.recording, "proxy", content, "video/mp4")
    base = f"/api/v1/recordings/{granted.recording.id}/renditions"
    answer = granted.officer.get(f"{base}/proxy", headers={"Range": "bytes=256-511"})
    assert answer.status_code == 206
    assert answer.content == bytes(range(256))
    assert answer.headers["content-type"] == "video/mp4"
    assert "content-disposition" not in answer.headers
    assert granted.officer.get(f"{base}/sprite").status_code == 404
    assert granted.supervisor.get(f"{base}/sprite").status_code == 403
