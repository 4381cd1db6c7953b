"""The peer of playback: nginx, as Debian has it, serving a plaintext file from the disk that is measured."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from api.bench.errors import PeerFailed, PeerMissing
from api.engines.launch import wrapped_argv

WORKERS: Final = 2
"""As many as there are HTTP processes of ours."""
_START_SECONDS = 20.0
# Debian puts it where an ordinary user's PATH does not look.
_ALSO = "/usr/sbin:/usr/local/sbin"
# Its defaults, but what a file server is always told: sendfile and full packets. Nothing is written of what was asked.
_CONFIGURATION = """\
{user}daemon off;
worker_processes {workers};
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        root "{root}";
    }}
}}
"""


def find_nginx() -> str:
    """The program. Raises PeerMissing."""
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:{_ALSO}")
    if found is None:
        raise PeerMissing("nginx", "nginx")
    return found


@contextmanager
def running_nginx(program: str, root: Path, folder: Path) -> Iterator[int]:
    """Its port on loopback, for as long as the block runs; it serves the files in `root`. Raises PeerFailed."""
    port = _free_port()
    # As root its workers would become somebody who may not read what is in a private folder.
    user = "user root;\n" if os.geteuid() == 0 else ""
    configuration = folder / "nginx.conf"
    configuration.write_text(_CONFIGURATION.format(user=user, workers=WORKERS, folder=folder, port=port, root=root))
    command = (program, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(configuration))
    process = subprocess.Popen(
        wrapped_argv(command, signal.SIGTERM, without_root=False),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await_port(process, port, folder / "error.log")
        yield port
    finally:
        process.terminate()
        process.wait()


def _await_port(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if process.poll() is not None or time.monotonic() > deadline:
            said = log.read_text("utf-8", "replace")[-600:] if log.exists() else ""
            raise PeerFailed("nginx", process.poll() or -1, said)
        time.sleep(0.02)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
