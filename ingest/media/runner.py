"""The one module that runs ffmpeg, ffprobe and our reader, and only through a sandbox."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from ingest.media.bubblewrap import BubblewrapSandbox
from ingest.media.errors import ToolFailed
from ingest.media.layout import program_at
from ingest.media.namespaces import NamespaceSandbox, NoSandbox
from ingest.media.reader import FileFacts, read_facts, reader_program
from ingest.media.sandbox import Confined, Job, Limits, Program, Sandbox, Watch, choose_sandbox
from ingest.media.tools import MediaTools, locate_tools

TRIAL = Path("/bin/true")
SHOWN_STDERR = 600


@dataclass(frozen=True)
class MediaRunner:
    """The tools, the reader and the sandbox they run in. Holds no state: share it between threads, build it once.

    Copies leave `reserve_bytes` of the disk alone; deadlines are `patience` times what they would be."""

    tools: MediaTools
    reader: Program
    sandbox: Sandbox
    reserve_bytes: int = 0
    patience: float = 1.0

    def patient(self, limits: Limits) -> Limits:
        """With more time of the wall, and no more of the processors."""
        return replace(limits, deadline_seconds=limits.deadline_seconds * self.patience)

    def read(self, media: Path) -> FileFacts:
        """Boxes, EXIF and tracks. Raises SandboxFailed alone."""
        return read_facts(media, self.reader, self.sandbox)

    def ffprobe(self, arguments: tuple[str, ...], media: Path, limits: Limits) -> Confined:
        return self.sandbox.run(Job(self.tools.ffprobe.program, arguments, media=media, limits=limits))

    def ffmpeg(
        self,
        arguments: tuple[str, ...],
        media: Path,
        out: Path | None,
        limits: Limits,
        *,
        watch: Watch | None = None,
        niceness: int = 0,
    ) -> Confined:
        limits = replace(self.patient(limits), least_free_bytes=0 if out is None else self.reserve_bytes)
        program = self.tools.ffmpeg.program
        return self.sandbox.run(Job(program, arguments, media, out, limits, watch, niceness))


def open_runner(search_path: str, *, allow_unsandboxed: bool = False, prefer: Sandbox | None = None) -> MediaRunner:
    """Choose the sandbox, then the tools, both by really running something.

    `search_path` has the form of PATH and comes from the settings. `prefer` is tried alone when given.
    Raises SandboxUnavailable or ToolMissing."""
    candidates = (prefer,) if prefer is not None else (BubblewrapSandbox(), NamespaceSandbox())
    trial = Job(program_at(TRIAL), (), limits=Limits(deadline_seconds=10))
    sandbox = choose_sandbox(candidates, trial, NoSandbox() if allow_unsandboxed else None)
    tools = locate_tools(search_path, lambda program: read_version(program, sandbox))
    return MediaRunner(tools, reader_program(), sandbox)


def read_version(program: Program, sandbox: Sandbox) -> str:
    result = sandbox.run(Job(program, ("-version",), limits=Limits(deadline_seconds=10)))
    if not result.succeeded:
        raise ToolFailed(program.path.name, result.stderr_tail.strip() or f"it ended with {result}")
    return result.stdout.decode("utf-8", "replace")


def clean_stderr(result: Confined, *host_paths: Path) -> str:
    """The last words of a tool, fit for a page: no path of this host, no control characters, not too long.

    Inside the walls the tool knows no path of ours; without them it does."""
    text = result.stderr_tail
    if "[verbose] " in text:  # It was asked to say everything: what went wrong is what it gave a level for.
        text = "\n".join(line for line in text.splitlines() if "[error] " in line or "[fatal] " in line)
    for path in host_paths:
        for name in (str(path), str(path.resolve())):
            text = text.replace(name, "…")
    text = re.sub(r"@ 0x[0-9a-f]+", "", text)  # An address is noise: the same failure must read the same.
    text = "".join(letter if letter.isprintable() or letter == "\n" else "·" for letter in text)
    return text.strip()[-SHOWN_STDERR:]
