"""Scanned papers and pictures that people hand in, as bodies of requests and as answers: never shown as a page."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from fastapi.responses import Response

from storage.catalog.access import PAPER_TYPES

_FILE: Final = {"schema": {"type": "string", "format": "binary"}}
PAPER_BODY: Final[dict[str, Any]] = {"requestBody": {"required": True, "content": dict.fromkeys(PAPER_TYPES, _FILE)}}
"""What a route says of a request whose body is the file itself."""
PAPER_ANSWER: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {media_type: {} for media_type in PAPER_TYPES}}
}


def paper_response(content: bytes, media_type: str, name: str) -> Response:
    """To be saved under the name that somebody gave it, kept by nobody on the way, and run by no browser."""
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(content, media_type=media_type, headers=headers)
