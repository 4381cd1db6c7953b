"""The peer of uploads: npm's @tus/server with its file store, in a process of its own (tus_peer/server.mjs)."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.bench.errors import PeerFailed, PeerMissing

_PROGRAM = Path(__file__).with_name("tus_peer")
_INSTALL = ("npm", "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--loglevel=error")


def install_peer(folder: Path) -> Path:
    """The program with its packages, in a new folder below `folder`. Raises PeerMissing, PeerFailed."""
    for tool, package in {"node": "nodejs", "npm": "npm"}.items():
        if shutil.which(tool) is None:
            raise PeerMissing(tool, package)
    program = folder / "peer"
    shutil.copytree(_PROGRAM, program, ignore=shutil.ignore_patterns("node_modules"))
    done = subprocess.run(_INSTALL, cwd=program, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PeerFailed("npm ci", done.returncode, done.stderr)
    return program / "server.mjs"


@contextmanager
def running_peer(program: Path, folder: Path) -> Iterator[int]:
    """Its port on loopback, for as long as the block runs; it keeps uploads in `folder`. Raises PeerFailed."""
    command = ("node", str(program), str(folder))
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            if not line:
                raise PeerFailed("server.mjs", process.wait(), "it did not start")
            yield int(line)
        finally:
            process.kill()
