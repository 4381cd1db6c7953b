"""The sandbox that bubblewrap builds: the same view, limits and filter as our own, by a program many people watch."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Sequence

from ingest.media.errors import SandboxFailed
from ingest.media.layout import binds_for, links_for, program_inside, resource_limits
from ingest.media.sandbox import OUT_INSIDE, Confined, Job
from ingest.media.supervise import TOOL_ENVIRONMENT, Ended, supervise
from ingest.media.syscall_filter import filter_program, is_known_architecture

PLACES = "/usr/local/bin:/usr/bin:/bin"
FIRST_REALTIME_SIGNAL = 32
WALLS = (
    *("--unshare-all", "--unshare-user", "--uid", "65534", "--gid", "65534", "--hostname", "sandbox"),
    *("--cap-drop", "ALL", "--die-with-parent", "--clearenv"),
)


class BubblewrapSandbox:
    """Needs bubblewrap ≥ 0.5 and util-linux's prlimit."""

    name = "bubblewrap"

    def __init__(self, places: str = PLACES) -> None:
        self.bwrap = shutil.which("bwrap", path=places)
        self.prlimit = shutil.which("prlimit", path=places)

    def run(self, job: Job) -> Confined:
        if self.bwrap is None or self.prlimit is None:
            raise SandboxFailed(self.name, f"bwrap or prlimit is not in {PLACES}")
        if not is_known_architecture(os.uname().machine):
            raise SandboxFailed(self.name, f"no system-call filter for {os.uname().machine}")
        with tempfile.TemporaryFile() as rules:
            rules.write(filter_program())
            rules.seek(0)
            number = rules.fileno()
            ended = supervise(lambda status: self.command(job, status, number), job, (number,))
        return self.outcome(ended)

    def command(self, job: Job, status: int, rules: int) -> Sequence[str]:
        assert self.bwrap is not None
        assert self.prlimit is not None
        walls = [*WALLS, "--json-status-fd", str(status), "--seccomp", str(rules)]
        for name, value in TOOL_ENVIRONMENT.items():
            walls += ["--setenv", name, value]
        for bind in binds_for(job):
            walls += ["--bind" if bind.writable else "--ro-bind", str(bind.source), bind.target]
        for link in links_for(job):
            walls += ["--symlink", link.target, link.path]
        walls += ["--remount-ro", "/", "--chdir", OUT_INSIDE if job.out else "/"]
        return [
            self.prlimit,
            *prlimit_options(job),
            self.bwrap,
            *walls,
            "--",
            program_inside(job.program),
            *job.arguments,
        ]

    def outcome(self, ended: Ended) -> Confined:
        """bwrap reports an exit code only when the program really started; a signal n comes as 128 + n.

        ffmpeg's own codes above 128 are 256 less an errno, and those that could be mistaken for a signal are rare."""
        for line in map(json.loads, ended.status.splitlines()):
            if "exit-code" in line:
                code = int(line["exit-code"])
                return ended.as_confined(self.name, 128 - code if 128 < code < 128 + FIRST_REALTIME_SIGNAL else code)
        if ended.stopped is None and ended.return_code >= 0:
            raise SandboxFailed(self.name, ended.stderr_tail.strip() or f"bwrap ended with {ended.return_code}")
        return ended.as_confined(self.name, ended.return_code)


def prlimit_options(job: Job) -> list[str]:
    """All but the number of processes, which would count the whole account's here: the filter forbids a second one."""
    wanted = resource_limits(job.limits)
    del wanted["RLIMIT_NPROC"]
    return [f"--{name.removeprefix('RLIMIT_').lower()}={value}" for name, value in wanted.items()]
