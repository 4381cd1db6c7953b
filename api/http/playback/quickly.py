"""A player's next range, answered before any framework: most of a film is asked for so.

Only where a window stands for just what is asked. Whatever else it is, the framework's own route answers it.
"""

from __future__ import annotations

import re
import uuid
from typing import Final

from fastapi import FastAPI, Request

from api.http.playback.asked import Asked
from api.http.playback.leaving import Leaving, Playback
from api.http.playback.sending import FootageResponse
from api.http.sessions import answer_leaves_to
from ingest.uploads.asgi import AsgiApplication, Receive, Scope, Send
from storage.errors import StorageError

_FOOTAGE: Final = re.compile(
    r"/api/v1/recordings/(?P<recording_id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    r"/(?:original|renditions/(?P<name>[a-z][a-z0-9_-]{0,63}))"
)


def with_standing_windows(framework: FastAPI) -> AsgiApplication:
    """`framework`, whose state has a `playback`, and before which that is answered.

    Within api/http/asking_again.py, which goes on asking while the answer leaves.
    """

    playback: Playback = framework.state.playback

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        asked_for = _FOOTAGE.fullmatch(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        response = None
        if asked_for is not None:
            scope["app"] = framework
            response = await _respond(Request(scope), playback, uuid.UUID(asked_for["recording_id"]), asked_for["name"])
        if response is None or asked_for is None:
            await framework(scope, receive, send)
            return
        # As a router leaves it: what is measured is told by its route.
        named = {name: value for name, value in asked_for.groupdict().items() if value is not None}
        scope["endpoint"], scope["path_params"] = with_standing_windows, named
        await response(scope, receive, send)

    return answered


async def _respond(
    request: Request, playback: Playback, recording_id: uuid.UUID, rendition: str | None
) -> FootageResponse | None:
    """None where no window stands that is known of, where more than bytes is asked for, and where they do not open:
    the route says why."""
    asked = Asked.of(request)
    first_byte = asked.first_byte()
    standing = None if first_byte is None else await playback.windows.find(recording_id, rendition, first_byte)
    span = None if standing is None else asked.quick_span(standing.footage)
    if standing is None or span is None or span.first != first_byte:
        return None
    watcher = standing.watcher
    answer_leaves_to(request, (watcher.id, watcher.unit_id, watcher.role))
    try:
        leaving = Leaving(rendition, standing.footage, span, standing.window)
        return await playback.respond(request, leaving, at_once=True)
    except StorageError:
        return None
