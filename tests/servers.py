"""Servers of the standard library: one that answers from a thread of this process and ends at once when it is told to;
and what one needs to speak TLS."""

from __future__ import annotations

import socketserver
import ssl
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

# `shutdown` waits for the server's next look, which by default comes twice a second; hundreds of tests wait for it.
LOOK_SECONDS = 0.01


def tls_at_loopback(folder: Path, days: int = 1) -> tuple[ssl.SSLContext, Path]:
    """What serves https at 127.0.0.1, and its certificate: of nobody whom a system trusts, until `days` from now."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    start, end = (datetime.now(UTC) + timedelta(days=each) for each in (-3, days))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1"]
        + ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
        + ["-not_before", f"{start:%Y%m%d%H%M%SZ}", "-not_after", f"{end:%Y%m%d%H%M%SZ}"],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate


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
