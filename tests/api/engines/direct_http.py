"""A small real ASGI application that takes long bodies past the parser, and tells of each its size, its digest, in how
many pieces it came at most at once, and whether it was cut; what a cut one left is written to a file."""

from __future__ import annotations

import hashlib
import json
import socket
import sys
from pathlib import Path
from typing import Any

from api.engines.http_server import serve_http
from ingest.uploads.request import Request

BLOCK_BYTES = 1 << 20
PATIENCE_SECONDS = 60.0


def create_app() -> Any:
    async def take(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while (message := await receive())["type"] != "lifespan.shutdown":
                await send({"type": message["type"] + ".complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        request = Request(scope, receive)
        digest, size_bytes, most_pieces = hashlib.sha256(), 0, 0
        while request.has_body and not (request.body_ended or request.was_cut):
            pieces = await request.next_pieces(BLOCK_BYTES, PATIENCE_SECONDS)
            most_pieces = max(most_pieces, len(pieces))
            for piece in pieces:
                digest.update(piece)
                size_bytes += len(piece)
            if scope["path"] == "/refuse" and size_bytes > 2 * BLOCK_BYTES:
                break
        told = {
            "size_bytes": size_bytes,
            "sha256": digest.hexdigest(),
            "most_pieces": most_pieces,
            "direct": request._direct is not None,
        }
        if request.was_cut:
            Path(scope["query_string"].decode()).write_text(json.dumps(told))
            return
        answer = json.dumps(told).encode()
        headers = [(b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    return take


if __name__ == "__main__":
    descriptor, ready_file = sys.argv[1:]
    sys.path.insert(0, str(Path(__file__).parent))
    listener = socket.socket(fileno=int(descriptor))
    serve_http("direct_http:create_app", listener, lambda: Path(ready_file).write_text("ready") and None)
