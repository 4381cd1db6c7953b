"""A server of the standard library that answers from a thread of this process, and ends at once when it is told to."""

from __future__ import annotations

import socketserver
import threading

# `shutdown` waits for the server's next look, which by default comes twice a second; hundreds of tests wait for it.
LOOK_SECONDS = 0.01


class ServingThread:
    """Answers from the moment it is made until `end`, which closes the server's socket as well."""

    def __init__(self, server: socketserver.BaseServer) -> None:
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, args=(LOOK_SECONDS,), daemon=True)
        self._thread.start()

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
