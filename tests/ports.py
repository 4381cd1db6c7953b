"""A port for a server that has to be known before it starts, and that keeps it when it is started again."""

from __future__ import annotations

import random
import socket

# Below the ports that Linux gives away by itself (ip_local_port_range): as one of those it might be somebody's own end
# of a connection by the time the server binds it.
PORTS = range(10_000, 32_000)


def find_free_port() -> int:
    while True:
        port = random.choice(PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
