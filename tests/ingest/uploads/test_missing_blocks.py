"""A block that the disk does not take, once, in the middle of a body: nothing that came behind it may take its place.

The real reception, the real files; what fails is one call, and only once.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ingest.uploads.reception import BlockShares, BodyReception
from ingest.uploads.request import Request
from ingest.uploads.staged_bytes import StagedBytes
from ingest.uploads.staging import Staging
from tests.ingest.uploads.serving import small_limits
from tests.ingest.uploads.staged import UPLOAD, recorded

PIECE_BYTES = 65536
SIZES = {"buffered": (2 << 20) + 77, "direct": (5 << 20) + 77}
NEVER_CALLED = {"buffered": {"posix_fallocate", "_allocate_ahead"}, "direct": {"_append_buffered"}}
"""By the way that the bytes go."""
PLACES = (0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89)
"""Of the calls of one body: its beginning one by one, then fewer."""


class OneFailure:
    """Of the calls of `name` for the upload's bytes, the one at `place` fails with `error`."""

    def __init__(self, place: int, error: Exception) -> None:
        self.place, self.error, self.calls = place, error, 0

    @property
    def has_come(self) -> bool:
        return self.calls > self.place

    def count(self) -> None:
        self.calls += 1
        if self.calls == self.place + 1:
            raise self.error


def fail_in(monkeypatch: pytest.MonkeyPatch, name: str, failure: OneFailure) -> None:
    owner: Any = StagedBytes if name.startswith("_") else os
    real: Callable[..., Any] = getattr(owner, name)

    def called(first: Any, *rest: Any, **options: Any) -> Any:
        if _is_of_bytes(first):
            failure.count()
        return real(first, *rest, **options)

    monkeypatch.setattr(owner, name, called)


def _is_of_bytes(first: Any) -> bool:
    if isinstance(first, int):
        return Path(f"/proc/self/fd/{first}").readlink().suffix == ".bin"
    return isinstance(first, StagedBytes) or Path(first).suffix == ".bin"


def send(staging: Staging, content: bytes, checksum: bool, is_cut: bool) -> None:
    """What of `content` is not recorded yet, as one body; raises what its request would be answered with."""
    begins = recorded(staging)
    pieces = [content[at : at + PIECE_BYTES] for at in range(begins, len(content), PIECE_BYTES)]
    value = base64.b64encode(hashlib.sha256(content[begins:]).digest())
    headers = [(b"content-length", str(len(content) - begins).encode())]
    headers += [(b"upload-checksum", b"sha256 " + value)] if checksum else []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0)
        if is_cut and len(pieces) == 1:
            return {"type": "http.disconnect"}
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    async def ask_again() -> None: ...

    async def run() -> None:
        request = Request({"method": "PATCH", "path": "/", "headers": headers}, receive)
        with ThreadPoolExecutor(2) as disk, staging.take_ticket(UPLOAD) as held:
            assert held.try_lock()
            held.note_row_open()
            reception = BodyReception(request, held, small_limits(), disk, BlockShares(), ask_again)
            refused = True
            try:
                await reception.take()
                refused = False
            finally:
                await reception.settle(refused=refused)

    asyncio.run(run())


@pytest.mark.parametrize("is_cut", [False, True], ids=["whole", "cut"])
@pytest.mark.parametrize("checksum", [False, True], ids=["plain", "checksum"])
@pytest.mark.parametrize("way", SIZES)
@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("open", OSError(24, "Too many open files")),
        ("pwrite", OSError(5, "Input/output error")),
        ("posix_fallocate", OSError(5, "Input/output error")),
        ("fdatasync", OSError(5, "Input/output error")),
        ("_allocate_ahead", MemoryError()),
        ("_append_buffered", MemoryError()),
    ],
)
def test_what_counts_is_a_beginning_of_what_was_sent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, error: Exception, way: str, checksum: bool, is_cut: bool
) -> None:
    content, failed = random.Random(5).randbytes(SIZES[way]), 0
    for place in PLACES:
        staging = Staging(tmp_path / str(place))
        staging.create(UPLOAD, len(content))
        failure = OneFailure(place, error)
        # It is told as what it is: a disk's error is no lack of room.
        with monkeypatch.context() as patched, suppress(type(error)):
            fail_in(patched, name, failure)
            send(staging, content, checksum, is_cut)
        if not failure.has_come:
            break
        failed += 1
        path, offset = staging.bytes_path(UPLOAD), recorded(staging)
        assert (path.read_bytes()[:offset] if offset else b"") == content[:offset], place
        if offset < len(content):
            send(staging, content, checksum, is_cut=False)
        assert path.read_bytes() == content, place
    # A body that was to be checked and was cut off is forgotten: nothing of it is synced.
    assert failed or name in NEVER_CALLED[way] or (name == "fdatasync" and checksum and is_cut)
