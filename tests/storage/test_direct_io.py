"""Past the page cache where possible, through it where not, the same bytes either way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.direct_io import PAGE_BYTES, DirectFile, aligned_buffer

CONTENT = os.urandom(3 * PAGE_BYTES + 77)


@pytest.fixture(params=["disk", "memory"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DirectFile]:
    folder = tmp_path if request.param == "disk" else Path("/dev/shm")
    descriptor = os.open(folder / f"direct-{os.getpid()}", os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    (folder / f"direct-{os.getpid()}").unlink()
    opened = DirectFile(descriptor)
    yield opened
    opened.close()


def _content(file: DirectFile) -> bytes:
    buffer = aligned_buffer(4 * PAGE_BYTES)
    return bytes(buffer[: file.read_at(buffer, 0, len(CONTENT))])


def test_aligned_pieces_and_an_odd_tail_come_back(file: DirectFile) -> None:
    buffer = aligned_buffer(4 * PAGE_BYTES)
    buffer[: len(CONTENT)] = CONTENT
    file.reserve(len(CONTENT))
    file.write_at(buffer[: 2 * PAGE_BYTES], 0)
    file.write_at(buffer[2 * PAGE_BYTES : len(CONTENT)], 2 * PAGE_BYTES)
    assert os.fstat(file.descriptor).st_size == len(CONTENT)
    assert _content(file) == CONTENT


def test_memory_and_offsets_that_are_not_aligned_are_no_error(file: DirectFile) -> None:
    file.write_at(CONTENT[:10], 0)
    file.write_at(CONTENT[10:], 10)
    assert _content(file) == CONTENT
    odd = memoryview(bytearray(PAGE_BYTES))[1:]
    assert file.read_at(odd, 3, 100) >= 100
    assert odd[:100] == CONTENT[3:103]


def test_reading_past_the_end_gives_what_there_is(file: DirectFile) -> None:
    file.write_at(CONTENT, 0)
    buffer = aligned_buffer(8 * PAGE_BYTES)
    assert file.read_at(buffer, 0, len(buffer)) == len(CONTENT)
    assert file.read_at(buffer, 4 * PAGE_BYTES, 1) == 0


def test_what_the_page_cache_has_is_read_at_once_and_what_it_lacks_is_said(file: DirectFile) -> None:
    file.write_at(CONTENT, 0)
    os.fsync(file.descriptor)
    buffered = DirectFile(os.dup(file.descriptor), direct=False)
    buffer = aligned_buffer(4 * PAGE_BYTES)
    buffered.read_at(buffer, 0, len(CONTENT))
    got = aligned_buffer(2 * PAGE_BYTES)
    if buffered.read_cached(got, 77):
        assert got == CONTENT[77 : 77 + 2 * PAGE_BYTES]
    assert not buffered.read_cached(buffer, 0), "the file ends before"
    buffered.close()


def test_closing_twice_is_no_error(file: DirectFile) -> None:
    file.close()
    file.close()
    assert file.descriptor == -1


def test_the_disk_of_the_tests_is_really_written_past_the_page_cache(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    file = DirectFile(descriptor)
    if not file.direct:
        pytest.skip("this file system has no O_DIRECT")
    file.write_at(aligned_buffer(1 << 20), 0)
    assert file.direct
    file.write_at(b"odd", 1 << 20)
    file.close()
    assert (tmp_path / "file").stat().st_size == (1 << 20) + 3
