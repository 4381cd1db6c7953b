"""What a sandbox lets be seen, as a list both sandboxes are built from."""

from __future__ import annotations

import math
import os
import struct
from dataclasses import dataclass
from pathlib import Path

from ingest.media.sandbox import MEDIA_INSIDE, OUT_INSIDE, Job, Limits, Program

# What a dynamically linked program of the distribution reads. All of it is the distribution's, none of it data.
SYSTEM_LIBRARIES = ("/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/alternatives")


@dataclass(frozen=True)
class Bind:
    source: Path
    target: str
    writable: bool = False
    executable: bool = False


@dataclass(frozen=True)
class Link:
    path: str
    target: str


def program_inside(program: Program) -> str:
    return str(program.path.resolve()) if program.in_place else f"/tool/{program.path.name}"


def binds_for(job: Job) -> tuple[Bind, ...]:
    """Sources are made absolute and free of links first, so nothing is resolved a second time inside."""
    program = job.program
    binds = [] if program.in_place else [Bind(program.path.resolve(), program_inside(program), executable=True)]
    binds += [Bind(source.resolve(), target) for source, target in program.brings]
    binds += [Bind(need, str(need), executable=True) for need in job.program.needs if not need.is_symlink()]
    if job.media is not None:
        binds.append(Bind(job.media.resolve(), MEDIA_INSIDE))
    if job.out is not None:
        binds.append(Bind(job.out.resolve(), OUT_INSIDE, writable=True))
    return tuple(binds)


def links_for(job: Job) -> tuple[Link, ...]:
    """/lib and /lib64 are links into /usr on most systems; inside they are the same links."""
    return tuple(Link(str(need), str(need.readlink())) for need in job.program.needs if need.is_symlink())


def program_at(path: Path) -> Program:
    """A program with what it needs: the distribution's libraries, unless it is linked statically."""
    if is_static(path):
        return Program(path)
    return Program(path, tuple(Path(name) for name in SYSTEM_LIBRARIES if os.path.lexists(name)))


def is_static(path: Path) -> bool:
    """An ELF file of 64 bits, little-endian, without a PT_INTERP segment (ELF-64 object file format, version 1.5)."""
    with path.open("rb") as handle:
        header = handle.read(64)
        if len(header) < 64 or header[:6] != b"\x7fELF\x02\x01":
            return False
        (table_at,) = struct.unpack_from("<Q", header, 32)
        entry_bytes, entries = struct.unpack_from("<HH", header, 54)
        handle.seek(table_at)
        table = handle.read(entry_bytes * entries)
    program_interpreter = 3
    kinds = (struct.unpack_from("<I", table, at)[0] for at in range(0, len(table) - 3, entry_bytes or 1))
    return program_interpreter not in kinds


def resource_limits(limits: Limits) -> dict[str, int]:
    """Names as in the resource module. CPU time counts all threads; it ends a tool whose supervisor is gone."""
    processors = os.cpu_count() or 1
    most_seconds = limits.deadline_seconds * processors
    if limits.processor_seconds is not None:  # The supervisor, which asks four times a second, is to be the first.
        most_seconds = min(most_seconds, limits.processor_seconds + 3 * processors)
    cpu_seconds = math.ceil(most_seconds) + 1
    return {
        "RLIMIT_AS": limits.memory_bytes,
        "RLIMIT_CPU": cpu_seconds,
        "RLIMIT_FSIZE": limits.output_bytes,
        "RLIMIT_NOFILE": limits.open_files,
        "RLIMIT_NPROC": limits.threads,
        "RLIMIT_CORE": 0,
        "RLIMIT_MEMLOCK": 0,
        "RLIMIT_MSGQUEUE": 0,
    }
