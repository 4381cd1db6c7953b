"""One upload in a staging folder, for tests of its files: written as by a request, and what is recorded of it."""

from __future__ import annotations

from ingest.uploads.staging import Staging

UPLOAD = "0123456789abcdef" * 2


def append(staging: Staging, data: bytes, expected_bytes: int = 0) -> int:
    with staging.take_ticket(UPLOAD) as held:
        assert held.try_lock()
        held.note_row_open()
        held.open_bytes(expected_bytes or len(data))
        held.append([data])
        return held.keep()


def recorded(staging: Staging) -> int:
    record = staging.read_offset(UPLOAD)
    assert record is not None
    return record.offset
