"""One HTTP process: uvicorn on a socket that somebody else may have opened, and may share with its twins."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import uvicorn

from api.engines.even_share import Acceptor, ConnectionTable
from api.engines.http_protocol import BoundedProtocol, ConnectionBounds
from api.engines.quiet import Quiet

# Long downloads are cut off then: a range request goes on where it stopped.
GRACEFUL_SECONDS = 8
OTHER_DESCRIPTORS = 384
"""For files, staged uploads, the database, and connections that are just being refused."""
SETTLING_SECONDS = 1.5
"""For requests that were cut off to put away what they hold: bytes that arrived count. SIGKILL comes after 10."""


class _Server(uvicorn.Server):
    """uvicorn's, which accepts by itself: of what comes in, twins at one socket take about as much each."""

    def __init__(
        self,
        config: uvicorn.Config,
        listener: socket.socket,
        twins: ConnectionTable | None,
        on_ready: Callable[[], None],
        bounds: ConnectionBounds,
    ) -> None:
        super().__init__(config)
        self._bounds = bounds
        self._listener = listener
        self._twins = twins
        self._on_ready = on_ready
        self._acceptor: Acceptor | None = None
        self._quiet = Quiet()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=[])
        if self.started:
            self._acceptor = Acceptor(self._listener, self._make_protocol, self._count_connections, self._twins)
            self._acceptor.start(self.config.backlog)
            self._on_ready()

    async def on_tick(self, counter: int) -> bool:
        if self._acceptor is not None:
            self._acceptor.tell_twins()
        self._quiet.tick(self.server_state.total_requests, len(self.server_state.tasks))
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """uvicorn cancels what is still under way, and would end the process before any of it has noticed."""
        if self._acceptor is not None:
            await self._acceptor.stop()
        await super().shutdown([self._listener])
        if cut_off := set(self.server_state.tasks):
            await asyncio.wait(cut_off, timeout=SETTLING_SECONDS)

    def _make_protocol(self) -> BoundedProtocol:
        return BoundedProtocol(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state, bounds=self._bounds
        )

    def _count_connections(self) -> int:
        return len(self.server_state.connections)


def serve_http(
    factory: str | Callable[[], Any],
    listener: socket.socket,
    on_ready: Callable[[], None],
    graceful_seconds: int = GRACEFUL_SECONDS,
    twins: ConnectionTable | None = None,
    bounds: ConnectionBounds | None = None,
) -> None:
    """Serve the application that `factory` makes, until a signal; say on_ready() once it does.

    `factory`: the function, or "module:function", which is imported with the server. `twins`: of the
    processes that serve `listener` as well.
    Requests are not logged here: who saw what is in the ledger, and addresses of people belong in no other file.
    """
    bounds = _with_room_for_connections(bounds or ConnectionBounds())
    config = uvicorn.Config(
        factory,
        factory=True,
        access_log=False,
        log_config=None,  # uvicorn's lines are written as all others are: api/logs.py
        server_header=False,
        # Nobody in front of us is trusted unasked: X-Forwarded-For is anybody's to write.
        proxy_headers=False,
        timeout_graceful_shutdown=graceful_seconds,
        loop="uvloop",
        http=BoundedProtocol,
        ws="none",
    )
    _Server(config, listener, twins, on_ready, bounds).run()


def _with_room_for_connections(bounds: ConnectionBounds) -> ConnectionBounds:
    """As many descriptors as this process may have; where those are few, fewer connections than are kept otherwise."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if most == resource.RLIM_INFINITY:
        return bounds
    return replace(bounds, connections=max(1, min(bounds.connections, most - OTHER_DESCRIPTORS)))
