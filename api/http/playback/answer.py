"""The route of all footage: authorise, open a window, commit its entry, and only then the first byte."""

from __future__ import annotations

import uuid

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from api.archive import Archive
from api.http.playback.asked import Asked
from api.http.playback.leaving import Leaving, Playback
from api.http.playback.permitting import Permitted, authorise
from api.http.playback.stored import footage_headers


async def send_footage(request: Request, archive: Archive, recording_id: uuid.UUID, rendition: str | None) -> Response:
    """The response to a GET or HEAD for footage. The next range of a window that stands was answered before
    (quickly.py).

    Raises SignInNeeded, NotFound, Unknown, AccessRefused (entered), RangeUnsatisfiable, and what store and key store
    raise.
    """
    asked = Asked.of(request)
    permitted = await run_in_threadpool(authorise, request, archive, recording_id, rendition, asked)
    if permitted.window is None:
        return _without_bytes(permitted, asked)
    playback: Playback = request.app.state.playback
    playback.windows.remember(permitted.person)
    return await playback.respond(request, Leaving(rendition, permitted.footage, permitted.span, permitted.window))


def _without_bytes(permitted: Permitted, asked: Asked) -> Response:
    footage, span = permitted.footage, permitted.span
    if asked.is_known(footage):
        return Response(status_code=304, headers={"ETag": footage.etag, "Cache-Control": "no-store"})
    status = 206 if span.partial else 200
    return Response(status_code=status, headers=footage_headers(footage, span), media_type=footage.media_type)
