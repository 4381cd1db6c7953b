"""Footage leaves here and nowhere else: authorise, open a window, commit its entry, and only then the first byte."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import partial

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from api.archive import Archive
from api.http.playback.asked import Asked
from api.http.playback.permitting import Permitted, authorise, reopen, still_granted
from api.http.playback.ranges import Span
from api.http.playback.sending import FootageResponse, Sending
from api.http.playback.sent_notes import SentNotes
from api.http.playback.standing import StandingWindows
from api.http.playback.stored import Footage, footage_headers
from api.http.sessions import answer_leaves_to, hold_while_it_leaves
from casework.playback import Window
from storage.database import Database
from storage.sealed_object import open_sealed


class Playback:
    """What a process's answers have in common."""

    def __init__(self, database: Database) -> None:
        self.notes = SentNotes(database)
        self.windows = StandingWindows(database)


@dataclass(frozen=True)
class _Leaving:
    """Bytes that may leave now."""

    footage: Footage
    span: Span
    window: Window


async def send_footage(request: Request, archive: Archive, recording_id: uuid.UUID, rendition: str | None) -> Response:
    """The response to a GET or HEAD for footage.

    Raises SignInNeeded, NotFound, Unknown, AccessRefused (entered), RangeUnsatisfiable, and what store and key store
    raise.
    """
    asked, playback = Asked.of(request), _playback_of(request)
    leaving = await _under_standing_window(request, playback.windows, recording_id, rendition, asked)
    if leaving is None:
        permitted = await run_in_threadpool(authorise, request, archive, recording_id, rendition, asked)
        if permitted.window is None:
            return _without_bytes(permitted, asked)
        playback.windows.remember(permitted.person)
        leaving = _Leaving(permitted.footage, permitted.span, permitted.window)
    footage, span = leaving.footage, leaving.span
    hold_while_it_leaves(
        request,
        partial(still_granted, archive, footage),
        soon=partial(_still_stands, playback.windows, recording_id, rendition, leaving),
    )
    plaintext = await run_in_threadpool(open_sealed, archive.store, archive.key_store, footage.at_rest, archive.copies)
    try:
        find_next = partial(_next_standing, playback.windows, recording_id, rendition, footage)
        open_next = partial(reopen, request, archive, footage, last_byte=span.last)
        sending = Sending(playback.notes, plaintext, span, leaving.window, find_next, open_next)
        await sending.begin()
    except BaseException:
        plaintext.close()
        raise
    return FootageResponse(sending, 206 if span.partial else 200, footage_headers(footage, span), footage.media_type)


async def _under_standing_window(
    request: Request, windows: StandingWindows, recording_id: uuid.UUID, rendition: str | None, asked: Asked
) -> _Leaving | None:
    """None where none stands that is known of, or where more than bytes is asked for."""
    first_byte = asked.first_byte()
    standing = None if first_byte is None else await windows.find(recording_id, rendition, first_byte)
    if standing is None:
        return None
    span = asked.quick_span(standing.footage)
    if span is None or span.first != first_byte:
        return None
    answer_leaves_to(request, (standing.watcher.id, standing.watcher.unit_id, standing.watcher.role))
    return _Leaving(standing.footage, span, standing.window)


async def _still_stands(
    windows: StandingWindows, recording_id: uuid.UUID, rendition: str | None, leaving: _Leaving
) -> bool:
    first_byte = leaving.window.first_byte
    return await _next_standing(windows, recording_id, rendition, leaving.footage, first_byte) is not None


async def _next_standing(
    windows: StandingWindows, recording_id: uuid.UUID, rendition: str | None, footage: Footage, byte: int
) -> Window | None:
    """The window around a byte of the very object that leaves. None where none stands: permitting.py knows why."""
    standing = await windows.find(recording_id, rendition, byte)
    if standing is None or standing.footage.object_name != footage.object_name:
        return None
    return standing.window


def _without_bytes(permitted: Permitted, asked: Asked) -> Response:
    footage, span = permitted.footage, permitted.span
    if asked.is_known(footage):
        return Response(status_code=304, headers={"ETag": footage.etag, "Cache-Control": "no-store"})
    status = 206 if span.partial else 200
    return Response(status_code=status, headers=footage_headers(footage, span), media_type=footage.media_type)


def _playback_of(request: Request) -> Playback:
    playback: Playback = request.app.state.playback
    return playback
