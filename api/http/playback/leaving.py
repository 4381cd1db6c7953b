"""Bytes that may leave, on their way: opened, decrypted, under one window after the other."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

from fastapi import Request

from api.archive import Archive
from api.http.playback.going_on import GoingOn
from api.http.playback.permitting import reopen, still_granted
from api.http.playback.ranges import Span
from api.http.playback.sending import FootageResponse, Sending
from api.http.playback.sent_notes import SentNotes
from api.http.playback.standing import StandingWindows
from api.http.playback.stored import Footage, footage_headers
from api.http.sessions import hold_while_it_leaves
from casework.playback import Window
from storage.errors import StorageError
from storage.objects.folder import FolderStore
from storage.sealed_object import OpenedObject, open_sealed, open_sealed_of_first

_OPENERS: Final = 4


@dataclass(frozen=True)
class Leaving:
    """Bytes that may leave now. `rendition`: the name they were asked for by; None for an original."""

    rendition: str | None
    footage: Footage
    span: Span
    window: Window


class Playback:
    """What a process's answers have in common."""

    def __init__(self, archive: Archive) -> None:
        self.notes = SentNotes(archive.database)
        self.windows = StandingWindows(archive.database)
        self._is_at_hand = isinstance(archive.store, FolderStore) and archive.settings.pkcs11_module is None
        self._archive, self._going_on = archive, GoingOn()
        # Keys and stores may take their time; a pool of their own takes less of everybody's than the framework's.
        self._openers = ThreadPoolExecutor(_OPENERS, "footage-open")

    async def respond(self, request: Request, leaving: Leaving, *, at_once: bool = False) -> FootageResponse:
        """The answer, of which nothing has left yet. Raises what store and key store raise.

        `at_once`: of what was opened here before. Where its store and its keys are files, no thread is woken for it.
        """
        footage, span = leaving.footage, leaving.span
        plaintext = (at_once and self._open_at_once(footage)) or await self._open(footage)
        try:
            find_next = partial(self._find_next, leaving)
            open_next = partial(reopen, request, self._archive, footage, last_byte=span.last)
            sending = Sending(self.notes, plaintext, span, leaving.window, find_next, open_next)
            await sending.begin()
        except BaseException:
            plaintext.close()
            raise
        holds_soon = partial(self._still_stands, leaving)
        hold_while_it_leaves(request, partial(still_granted, self._archive, footage), soon=holds_soon)
        status, headers = 206 if span.partial else 200, footage_headers(footage, span)
        return FootageResponse(sending, self._going_on, status, headers, footage.media_type)

    def _open_at_once(self, footage: Footage) -> OpenedObject | None:
        archive = self._archive
        if not self._is_at_hand:
            return None
        with suppress(StorageError):  # asked again in a thread, where it may take its time
            return open_sealed_of_first(archive.store, archive.key_store, footage.at_rest, archive.copies)
        return None

    async def _open(self, footage: Footage) -> OpenedObject:
        archive = self._archive
        opening = partial(open_sealed, archive.store, archive.key_store, footage.at_rest, archive.copies)
        return await asyncio.get_running_loop().run_in_executor(self._openers, opening)

    async def _still_stands(self, leaving: Leaving) -> bool:
        return await self._find_next(leaving, leaving.window.first_byte) is not None

    async def _find_next(self, leaving: Leaving, byte: int) -> Window | None:
        """The window around a byte of the very object that leaves. None where none stands: permitting.py knows why."""
        standing = await self.windows.find(leaving.footage.recording_id, leaving.rendition, byte)
        if standing is None or standing.footage.object_name != leaving.footage.object_name:
            return None
        return standing.window
