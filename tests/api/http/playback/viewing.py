"""Whoever may view a recording, or have its original."""

from __future__ import annotations

import socket
from typing import Any


def original(scene: Any) -> str:
    return f"/api/v1/recordings/{scene.recording.id}/original"


def consented(served: Any, scene: Any, **more: Any) -> Any:
    """The officer's grant to have originals, with the approver's consent."""
    return served.grant(scene.case, scene.officer.person, scene.supervisor.person, "copy", **more)


def viewing(served: Any, scene: Any) -> Any:
    return served.grant(scene.case, scene.officer.person, scene.supervisor.person, "view")


def connect(served: Any, who: Any, path: str) -> socket.socket:
    host, port = served.url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)))
    cookie = "; ".join(f"{name}={value}" for name, value in who.cookies.items())
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n".encode())
    return connection


def read_raw(served: Any, who: Any, path: str) -> bytes:
    """Everything the server sends until it closes the connection, whatever Content-Length promised."""
    received = bytearray()
    with connect(served, who, path) as connection:
        connection.settimeout(10)
        while piece := connection.recv(1 << 16):
            received += piece
    return bytes(received)
