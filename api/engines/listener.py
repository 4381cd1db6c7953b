"""The one port of an archive, opened before anything starts: a taken one is found at once, and a restarted HTTP
process loses no connection, because the socket stays open here."""

from __future__ import annotations

import contextlib
import socket

from api.errors import AddressUnusable
from api.setting_values import BindAddress

_BACKLOG = 2048


def open_listener(bind: BindAddress) -> socket.socket:
    """A listening socket at `bind`: who connects waits until somebody answers. Raises AddressUnusable."""
    return _opened(bind, listening=True)


def take_address(bind: BindAddress) -> socket.socket:
    """A socket at `bind` that nobody can connect to before somebody listens. Raises AddressUnusable.

    For a process that nobody stands in for: while it starts, which on a busy machine takes a minute, a proxy is refused
    and asks another node, where it would wait for an answer otherwise.
    """
    return _opened(bind, listening=False)


def _opened(bind: BindAddress, *, listening: bool) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            bind.host, bind.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with contextlib.ExitStack() as undo:
            opened = undo.enter_context(socket.socket(family, kind, protocol))
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            opened.bind(address)
            if listening:
                opened.listen(_BACKLOG)
            undo.pop_all()
    except OSError as error:
        raise AddressUnusable(str(bind), error.strerror or str(error)) from error
    return opened


def listening_address(listener: socket.socket) -> BindAddress:
    """Where it really listens: the port is chosen by the system when it was given as 0."""
    host, port = listener.getsockname()[:2]
    return BindAddress(host, port)
