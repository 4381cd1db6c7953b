"""Where a bucket is, by which key it is asked, and how long its server is waited for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds for a connection and for the next bytes of an answer, and how often a request is sent once more."""

    connect_seconds: float = 10.0
    read_seconds: float = 60.0
    repeats: int = 3


@dataclass(frozen=True, slots=True)
class S3Address:
    """A bucket of an S3 server. `url`: http(s)://host[:port], without a path.

    `ca_file`: what the server's certificate is held against, PEM; without it the roots that the system trusts.
    """

    url: str
    bucket: str
    region: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    ca_file: Path | None = None
    patience: Patience = Patience()

    @property
    def is_https(self) -> bool:
        return self.url.startswith("https://")

    def __str__(self) -> str:
        return f"{self.url}/{self.bucket}"
