"""What runs a tool over untrusted media, and what it promises. Two real ones, and the choice between them.

Bubblewrap (bubblewrap.py) where /usr/bin/bwrap works, else our own namespaces and Landlock (namespaces.py). Where
neither works, SandboxUnavailable: never a quiet fall back to nothing. Why so: docs/decisions/0004-sandbox.md.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from ingest.media.errors import SandboxFailed, SandboxUnavailable
from ingest.media.stops import Stop

log = logging.getLogger(__name__)

MEDIA_INSIDE: Final = "/in/media"
OUT_INSIDE: Final = "/out"
MIB: Final = 1 << 20
WALL_SECONDS_A_PROCESSOR_SECOND: Final = 4.0
"""A machine has other work, and media work comes last: past this it is not the file that takes so long."""


@dataclass(frozen=True)
class Program:
    """An executable, and what of this host it must be able to read: nothing, when it is linked statically.

    `needs` are seen under their own names; of `brings`, pairs of a folder or file here and its name inside, only the
    latter.
    One that finds what it needs by where it stands itself runs `in_place`, which one of `needs` must hold."""

    path: Path
    needs: tuple[Path, ...] = ()
    brings: tuple[tuple[Path, str], ...] = ()
    in_place: bool = False


@dataclass(frozen=True)
class Limits:
    """What one call may use. Memory is the address space; output is everything below /out together.

    `deadline_seconds` are the wall's, and pass on a busy machine without the tool having done anything;
    `processor_seconds` are those of all its threads, and are the file's doing alone. Of these it may spend
    `idle_processor_seconds` in a row without getting on, as the job's watch sees it. `least_free_bytes` of the disk
    under /out are left to others, whoever fills it."""

    deadline_seconds: float = 30.0
    processor_seconds: float | None = None
    idle_processor_seconds: float | None = None
    least_free_bytes: int = 0
    memory_bytes: int = 2048 * MIB
    output_bytes: int = 64 * MIB
    output_files: int = 16
    stdout_bytes: int = 16 * MIB
    open_files: int = 64
    threads: int = 256

    @classmethod
    def of_processor(cls, seconds: float, **others: Any) -> Limits:
        """So much of the processors, which is the file's doing, and a deadline that only a machine with too much other
        work comes to."""
        deadline = WALL_SECONDS_A_PROCESSOR_SECOND * seconds
        return cls(deadline_seconds=deadline, processor_seconds=seconds, **others)


class Watch(Protocol):
    """Sees what a tool says while it says it. What it says may be the file's words: `take` never raises."""

    def take(self, piece: bytes) -> None:
        """Some more of its standard error."""

    def progress(self) -> int:
        """A number that grows as the tool gets on."""


@dataclass(frozen=True)
class Job:
    """`arguments` name the input as /in/media and outputs below /out; `out` None means that nothing can be written.

    `niceness` is added to this process's own."""

    program: Program
    arguments: tuple[str, ...]
    media: Path | None = None
    out: Path | None = None
    limits: Limits = field(default_factory=Limits)
    watch: Watch | None = None
    niceness: int = 0


@dataclass(frozen=True)
class Confined:
    """How a call ended. Exactly one of exit_code, signal and stopped says so.

    `stopped` is why we killed it: a limit that it broke, or the machine's. `processor_seconds` are those of all its
    threads, to a quarter of one; of what had no limit of them, the wall's."""

    sandbox: str
    exit_code: int | None
    signal: int | None
    stopped: Stop | None
    stdout: bytes
    stderr_tail: str
    elapsed_seconds: float
    processor_seconds: float = 0.0

    @property
    def succeeded(self) -> bool:
        return self.exit_code == 0


class Sandbox(Protocol):
    """Runs one program over one file. Safe to call from several threads at once.

    Inside there is /in/media (read-only; a file alone in its folder, without an extension), /out (writable, when
    the job has one), the program, what the program needs, and nothing else: no network, no /proc, no /dev, no
    second process. When run() returns or raises, nothing that it started is alive, and /out holds regular files only
    (else they are removed and `stopped` is FILE_TYPE).

    What the program does wrong is in the result. Raises SandboxFailed when the walls themselves could not be put up;
    the program has not started then.
    """

    name: str

    def run(self, job: Job) -> Confined: ...


def choose_sandbox(candidates: Iterable[Sandbox], trial: Job, unsandboxed: Sandbox | None = None) -> Sandbox:
    """The first candidate that really runs `trial`, a harmless job that exits 0.

    `unsandboxed` is taken only when given and nothing else works, and is logged as a warning each time.
    Raises SandboxUnavailable with every candidate's reason."""
    tried: list[tuple[str, str]] = []
    for candidate in candidates:
        reason = why_unusable(candidate, trial)
        if reason is None:
            return candidate
        tried.append((candidate.name, reason))
    if unsandboxed is None:
        raise SandboxUnavailable(tuple(tried))
    log.warning("media is opened WITHOUT a sandbox, because the operator allowed it; tried: %s", tried)
    return unsandboxed


def why_unusable(candidate: Sandbox, trial: Job) -> str | None:
    try:
        result = candidate.run(trial)
    except SandboxFailed as error:
        return error.reason
    if result.succeeded:
        return None
    return f"the trial ended with {result.exit_code or result.signal or result.stopped}: {result.stderr_tail}"
