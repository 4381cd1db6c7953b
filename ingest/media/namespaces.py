"""The sandbox that needs no package: namespaces, Landlock, limits and a filter, put up by confine.py."""

from __future__ import annotations

import dataclasses
import marshal
import os
import sys
from typing import Any

from ingest.media import confine
from ingest.media.errors import SandboxFailed
from ingest.media.layout import binds_for, links_for, program_inside, resource_limits
from ingest.media.sandbox import MEDIA_INSIDE, OUT_INSIDE, Confined, Job
from ingest.media.supervise import TOOL_ENVIRONMENT, Ended, supervise
from ingest.media.syscall_filter import filter_program, is_known_architecture


def confine_command(plan: dict[str, Any]) -> list[str]:
    # By path and without site: neither the worker's packages nor its folder are looked at, and it starts in 15 ms.
    return [sys.executable, "-I", "-S", confine.__file__, marshal.dumps(plan).hex()]


def ended_or_failed(ended: Ended, sandbox: str) -> Confined:
    """Read what confine.py reported. Being killed at a limit is no failure of the walls."""
    for line in ended.status.decode("utf-8", "replace").splitlines():
        word, _, value = line.partition(" ")
        if word == "failed" and ended.stopped is None:
            raise SandboxFailed(sandbox, value)
        if word in ("exit", "signal"):
            return ended.as_confined(sandbox, int(value) if word == "exit" else -int(value))
    if ended.return_code > 0 and ended.stopped is None:
        raise SandboxFailed(sandbox, ended.stderr_tail.strip() or f"it ended with {ended.return_code} and said nothing")
    return ended.as_confined(sandbox, ended.return_code)


class NamespaceSandbox:
    """Works as root and as an ordinary user wherever user namespaces and Landlock (Linux 5.13) are allowed."""

    name = "namespaces"

    def run(self, job: Job) -> Confined:
        if not is_known_architecture(os.uname().machine):
            raise SandboxFailed(self.name, f"no system-call filter for {os.uname().machine}")
        plan = {
            "walls": True,
            "parent": os.getpid(),
            "program": program_inside(job.program),
            "arguments": [program_inside(job.program), *job.arguments],
            "environment": TOOL_ENVIRONMENT,
            "folder": OUT_INSIDE if job.out else "/",
            "binds": [{**dataclasses.asdict(bind), "source": str(bind.source)} for bind in binds_for(job)],
            # An importer lists the folder that packages stand in.
            "listed": sorted({os.path.dirname(target) for _, target in job.program.brings}),  # noqa: PTH120
            "links": [dataclasses.asdict(link) for link in links_for(job)],
            "limits": resource_limits(job.limits),
            "filter": filter_program().hex(),
        }
        ended = supervise(lambda status: confine_command({**plan, "status": status}), job)
        return ended_or_failed(ended, self.name)


class NoSandbox:
    """Limits and a deadline, no walls. For developers only; every result carries the name "none"."""

    name = "none"

    def run(self, job: Job) -> Confined:
        plan = {
            "walls": False,
            "parent": os.getpid(),
            "program": str(job.program.path),
            "arguments": [str(job.program.path), *(with_real_paths(argument, job) for argument in job.arguments)],
            "environment": TOOL_ENVIRONMENT,
            "folder": str(job.out or "/"),
            "limits": resource_limits(job.limits),
            "filter": "",
        }
        ended = supervise(lambda status: confine_command({**plan, "status": status}), job)
        return ended_or_failed(ended, self.name)


def with_real_paths(argument: str, job: Job) -> str:
    for source, target in job.program.brings:
        if argument == target or argument.startswith(f"{target}/"):
            return f"{source}{argument.removeprefix(target)}"
    before, protocol, path = argument.rpartition("file:")
    prefix = before + protocol
    if job.media is not None and path == MEDIA_INSIDE:
        return f"{prefix}{job.media.resolve()}"
    if job.out is not None and path.startswith(f"{OUT_INSIDE}/"):
        return f"{prefix}{job.out.resolve()}{path.removeprefix(OUT_INSIDE)}"
    return argument
