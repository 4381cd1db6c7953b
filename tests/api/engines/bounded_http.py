"""A small real ASGI application within the limits that the archive has: it tells how many bytes a body had, and at
`/heard` which headers there were once all of it had come."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

from api.engines.http_protocol import ConnectionBounds
from api.engines.http_server import serve_http
from api.http import body_limit
from api.http.body_limit import with_body_limit
from api.http.headers import with_security_headers
from ingest.uploads.application import mount_uploads


def create_app() -> Any:
    async def count(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while (message := await receive())["type"] != "lifespan.shutdown":
                await send({"type": message["type"] + ".complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        size_bytes, more = 0, True
        while more:
            message = await receive()
            size_bytes += len(message.get("body", b""))
            more = message.get("more_body", False)
        answer = bytes(8 << 20) if scope["path"] == "/large" else str(size_bytes).encode()
        if scope["path"] == "/heard":
            answer = b"; ".join(name + b"=" + value for name, value in scope["headers"])
        headers = [(b"content-length", str(len(answer)).encode())]
        if scope["path"].endswith("/kept"):
            headers.append((b"cache-control", b"max-age=9"))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    return with_security_headers(mount_uploads(count, with_body_limit(count)))


if __name__ == "__main__":
    descriptor, ready_file, seconds, connections, unread_seconds = sys.argv[1:]
    sys.path.insert(0, str(Path(__file__).parent))
    body_limit.BODY_SECONDS = float(seconds)
    bounds = ConnectionBounds(int(connections), float(seconds), float(unread_seconds))
    listener = socket.socket(fileno=int(descriptor))
    ready = Path(ready_file)
    serve_http("bounded_http:create_app", listener, lambda: ready.write_text("ready") and None, bounds=bounds)
