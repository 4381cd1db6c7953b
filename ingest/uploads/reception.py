"""One request's body on its way into one held upload.

The loop gathers about 1 MiB while a thread writes the block before it, and between blocks, or every fifth of a second
when the client or the disk is slow, looks around: has a newer request come, is the rate too low, was the credential
revoked, is it time to record the offset.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Protocol

from ingest.uploads.contract import UploadLimits
from ingest.uploads.errors import ChecksumDiffers, StagingFull, UploadStalled
from ingest.uploads.giving_way import never
from ingest.uploads.held import HeldUpload
from ingest.uploads.request import ClaimedChecksum, Request
from ingest.uploads.short_waits import ShortWaits
from ingest.uploads.staged_bytes import ALIGNMENT_BYTES, Piece
from ingest.uploads.threads import started_in

_BLOCK_BYTES = 1 << 20
_LEAST_BLOCK_BYTES = 32 << 10
_BLOCKS_BYTES = 2 << 20
"""Gathered for all bodies together: the more there are, the smaller their blocks, down to the least one at 64 bodies.
Where blocks are whole ones, as much again is being written; in a crowd no body is read further while its block is
written: others use the time.
"""
_BLOCK_PIECES = 1024
LOOK_AROUND_SECONDS = 0.2


class _Hash(Protocol):
    def update(self, data: Piece, /) -> None: ...
    def digest(self) -> bytes: ...


class MinimumRate:
    """Judged over whole windows of time spent waiting for the client, so that our own slow disk is not its fault."""

    def __init__(self, limits: UploadLimits) -> None:
        self._limits = limits
        self._waited_seconds = 0.0
        self._received_bytes = 0

    def note(self, waited_seconds: float, received_bytes: int) -> None:
        """Raises UploadStalled at the end of a window in which too little came."""
        self._waited_seconds += waited_seconds
        self._received_bytes += received_bytes
        window = self._limits.rate_window_seconds
        if self._waited_seconds < window:
            return
        if self._received_bytes < self._limits.minimum_bytes_per_second * self._waited_seconds:
            raise UploadStalled(self._received_bytes, window, self._limits.minimum_bytes_per_second)
        self._waited_seconds = 0.0
        self._received_bytes = 0


class BlockShares:
    """Of the bodies that one event loop takes at the moment: each gathers blocks of its share, when it is time."""

    def __init__(self, pause_seconds: Callable[[], float] = never) -> None:
        """`pause_seconds`: before the next block of a long body (giving_way.py)."""
        self.pause_seconds = pause_seconds
        self._under_way = 0
        self.share_bytes = _BLOCK_BYTES

    @contextmanager
    def taken_part_in(self) -> Iterator[None]:
        self._join(1)
        try:
            yield
        finally:
            self._join(-1)

    def _join(self, bodies: int) -> None:
        self._under_way += bodies
        share_bytes = _BLOCKS_BYTES // max(self._under_way, 1)
        self.share_bytes = min(max(share_bytes, _LEAST_BLOCK_BYTES), _BLOCK_BYTES)


class BodyReception:
    """Takes one body. Whatever way it ends, `settle` decides what of it counts, exactly once."""

    def __init__(
        self,
        request: Request,
        held: HeldUpload,
        limits: UploadLimits,
        disk: Executor,
        shares: BlockShares,
        ask_again: Callable[[], Awaitable[object]],
    ) -> None:
        """`disk` runs the writes. `shares`: of all bodies of this event loop. `ask_again` proves the sender's authority
        once more and raises CredentialRefused."""
        self._request = request
        self._held = held
        self._limits = limits
        self._disk = disk
        self._shares = shares
        self._ask_again = ask_again
        self._checksum: ClaimedChecksum | None = request.checksum()
        self._hash: _Hash | None = hashlib.new(self._checksum.algorithm) if self._checksum else None
        self._rate = MinimumRate(limits)
        self._room = held.declared_length - held.offset
        self._expected_bytes = self._room if request.body_bytes is None else request.body_bytes
        self._pieces: list[Piece] = []
        self._gathered_bytes = 0
        self._unrecorded_bytes = 0
        self._writing: asyncio.Future[None] | None = None
        self._is_block_missing = False
        """From when a block is handed to a thread until all of it was taken: what comes behind it has no place then."""
        self._written = ShortWaits()
        self._asked_at = self._recorded_at = self._looked_at = time.monotonic()

    async def take(self) -> None:
        """Take the body to its end, to a cut, or to the first reason to stop, which is raised."""
        with self._shares.taken_part_in():
            while not (self._request.body_ended or self._request.was_cut):
                await self._give_way()
                await self._gather_block()
                await self._look_around()
                if self._has_block():
                    await self._write_block()

    async def _give_way(self) -> None:
        """Not counted as the client's slowness. What fits into one block is no long body."""
        if self._expected_bytes > _BLOCK_BYTES and (pause_seconds := self._shares.pause_seconds()) > 0:
            await asyncio.sleep(pause_seconds)

    def _has_block(self) -> bool:
        return self._gathered_bytes >= self._block_bytes() or len(self._pieces) >= _BLOCK_PIECES

    def _block_bytes(self) -> int:
        """So that it ends where a page of the file does: the next one then goes to the disk as it lies in memory."""
        begins = self._held.declared_length - self._room - self._gathered_bytes
        share_bytes = self._shares.share_bytes
        return share_bytes - (begins + share_bytes) % ALIGNMENT_BYTES

    def _is_in_crowd(self) -> bool:
        return self._shares.share_bytes < _BLOCK_BYTES

    async def settle(self, *, refused: bool) -> None:
        """Write the rest and make it durable, or forget all of it when a checksum says so.

        Runs to its end even when the request's task is cancelled, since bytes that arrived count.
        """
        try:
            await self._finish_writing()
        finally:
            pieces, self._pieces = self._pieces, []
            await _to_the_end(started_in(self._disk, lambda: self._settle_and_close(pieces, refused)))

    def _settle_and_close(self, pieces: list[Piece], refused: bool) -> None:
        try:
            if self._is_block_missing:
                self._settle_before_the_gap()
                return
            self._open_bytes()
            self._settle(pieces, refused)
        finally:
            self._held.close_bytes()

    def _settle(self, pieces: list[Piece], refused: bool) -> None:
        if self._checksum is None:
            self._keep_rest(pieces)
            return
        if refused or self._request.was_cut:
            self._held.discard()
            return
        self._append(pieces)
        if self._hash is None or self._hash.digest() != self._checksum.value:
            self._held.discard()
            raise ChecksumDiffers(self._checksum.algorithm)
        self._held.keep()

    def _settle_before_the_gap(self) -> None:
        """What is in order up to the block that could not be taken counts; nothing that came after it does."""
        if not self._held.has_open_bytes:
            return
        if self._checksum is None:
            self._held.keep()
        else:
            self._held.discard()

    def _keep_rest(self, pieces: list[Piece]) -> None:
        """Whatever fits; a full disk is reported after what fitted is durable."""
        try:
            self._append(pieces)
            self._held.keep()
        except (StagingFull, OSError):
            self._held.keep()
            raise

    async def _gather_block(self) -> None:
        started = time.monotonic()
        before = self._gathered_bytes
        left_seconds = LOOK_AROUND_SECONDS
        while left_seconds > 0 and not self._has_block():
            await self._receive_some(left_seconds)
            if self._request.body_ended or self._request.was_cut:
                return
            left_seconds = started + LOOK_AROUND_SECONDS - time.monotonic()
        self._rate.note(time.monotonic() - started, self._gathered_bytes - before)

    async def _receive_some(self, patience_seconds: float) -> None:
        wanted_bytes = self._block_bytes() - self._gathered_bytes
        for piece in await self._request.next_pieces(wanted_bytes, patience_seconds):
            self._add_piece(piece)
        if self._is_in_crowd():
            self._request.hold_back()

    def _add_piece(self, piece: Piece) -> None:
        fitting = piece[: self._room] if len(piece) > self._room else piece
        if fitting:
            self._pieces.append(fitting)
            self._gathered_bytes += len(fitting)
            self._room -= len(fitting)
        if len(fitting) < len(piece):
            raise self._held.too_long()

    async def _look_around(self) -> None:
        now = time.monotonic()
        if now - self._looked_at < LOOK_AROUND_SECONDS:
            return
        await self._check_right()
        if self._held.is_asked_to_record():
            await self._record_now()
        elif now - self._recorded_at >= self._limits.record_offset_seconds:
            await self._write_block()

    async def _record_now(self) -> None:
        """For a reader who asks how far it is. With a checksum nothing counts before all of it has come."""
        if self._checksum is None:
            self._recorded_at = -math.inf
            await self._write_block()
            await self._await_writing()
        self._held.note_recorded()

    async def _check_right(self) -> None:
        """Whether the request may still send: it is the newest one, and its credential holds."""
        now = self._looked_at = time.monotonic()
        self._held.check_newest()
        if now - self._asked_at >= self._limits.ask_again_seconds:
            await self._ask_again()
            self._asked_at = now

    async def _write_block(self) -> None:
        """Hand the block to a thread, after the one before it: one is written while the next is gathered.

        However long the disk takes over that one, nobody sends on meanwhile who may not.
        """
        await self._await_writing()
        pieces, self._pieces = self._pieces, []
        self._unrecorded_bytes += self._gathered_bytes
        self._gathered_bytes = 0
        record = self._checksum is None and self._is_record_due()
        if pieces or record:
            self._is_block_missing = bool(pieces)
            self._writing = started_in(self._disk, lambda: self._write(pieces, record))
            self._writing.add_done_callback(lambda _: self._written.wake())
            if self._is_in_crowd():
                await self._await_writing()

    def _is_record_due(self) -> bool:
        now = time.monotonic()
        waited_long = now - self._recorded_at >= self._limits.record_offset_seconds
        if not waited_long and self._unrecorded_bytes < self._limits.record_offset_bytes:
            return False
        is_due = self._unrecorded_bytes > 0
        self._unrecorded_bytes = 0
        self._recorded_at = now
        return is_due

    def _write(self, pieces: list[Piece], record: bool) -> None:
        self._append(pieces)
        self._is_block_missing = False
        if record:
            self._held.keep()

    def _append(self, pieces: list[Piece]) -> None:
        if self._hash is not None:
            for piece in pieces:
                self._hash.update(piece)
        self._open_bytes()
        self._held.append(pieces)

    def _open_bytes(self) -> None:
        """By the thread that writes first: a short body then costs one turn of a thread in all."""
        if not self._held.has_open_bytes:
            self._held.open_bytes(self._expected_bytes)

    async def _await_writing(self) -> None:
        while self._writing is not None and not self._writing.done():
            await self._written.wait(LOOK_AROUND_SECONDS)
            if not self._writing.done():
                await self._check_right()
        await self._finish_writing()

    async def _finish_writing(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            await _to_the_end(writing)


async def _to_the_end(work: asyncio.Future[None]) -> None:
    """Wait for a thread even when cancelled: it uses descriptors that must not be closed under it."""
    cancelled: asyncio.CancelledError | None = None
    while not work.done():
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError as error:
            if work.cancelled():
                raise
            cancelled = error
        except Exception:
            break
    if cancelled is not None:
        raise cancelled
    work.result()
