"""What the supervisor asks of the fork server."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

MOST_BYTES = 1 << 17
MOST_DESCRIPTORS = 16
# Said by the supervisor when it knows the fork: before that nothing of it runs.
GO = b"go"
HTTP = "http"


def address_for(server: Path, command: Sequence[str]) -> Path:
    """Where one that becomes `command` is asked for, of the server at `server`: HTTP has a socket of its own."""
    return server.with_name(f"http-{server.name}") if command[:1] and command[0] == HTTP else server


@dataclass(frozen=True)
class ForkRequest:
    """What a fork shall run. Sent with the log's descriptor and one for each number in `descriptors`."""

    title: tuple[str, ...]
    words: tuple[str, ...]
    environment: Mapping[str, str]
    descriptors: tuple[int, ...]
    death_signal: int

    def encode(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def decode(cls, message: bytes) -> ForkRequest:
        fields = json.loads(message)
        title, words, descriptors = (tuple(fields[name]) for name in ("title", "words", "descriptors"))
        return cls(title, words, fields["environment"], descriptors, fields["death_signal"])
