"""A small real ASGI application: it tells the process that answers, and takes as long as it is asked to.

A request that is cut off takes a moment, and then leaves a file that says so.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from pathlib import Path
from typing import Any

from api.engines import even_share
from api.engines.even_share import ConnectionTable
from api.engines.http_server import serve_http

STEP_VARIABLE = "STEPPING_BACK_SECONDS"


def create_app() -> Any:
    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while (message := await receive())["type"] != "lifespan.shutdown":
                await send({"type": message["type"] + ".complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        try:
            await asyncio.sleep(float(scope["query_string"] or b"0"))
        except asyncio.CancelledError:
            await asyncio.sleep(0.2)
            Path(sys.argv[2]).with_suffix(".settled").touch()
            raise
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(os.getpid()).encode()})

    return application


if __name__ == "__main__":
    descriptor, ready_file, graceful, *table = sys.argv[1:]
    sys.path.insert(0, str(Path(__file__).parent))
    listener = socket.socket(fileno=int(descriptor))

    def on_ready() -> None:
        Path(ready_file).write_text(str(os.getpid()))

    twins = ConnectionTable(int(table[0])) if table else None
    even_share._STEPPING_BACK_SECONDS = float(os.environ.get(STEP_VARIABLE, even_share._STEPPING_BACK_SECONDS))
    serve_http("small_http:create_app", listener, on_ready, int(graceful), twins)
