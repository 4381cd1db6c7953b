"""`liuhen` in this very process, where a process of its own would only cost the seconds of its start."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from api.cli.main import run


@dataclass(frozen=True)
class Ran:
    code: int
    stdout: str
    stderr: str


def run_here(environment: Mapping[str, str], *words: str, stdin: str = "") -> Ran:
    """What the command prints, and how it ends, in this environment alone."""
    out, err, before = io.StringIO(), io.StringIO(), (dict(os.environ), sys.stdin)
    os.environ.clear()
    os.environ.update(environment)
    sys.stdin = io.StringIO(stdin)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(list(words))
    finally:
        os.environ.clear()
        os.environ.update(before[0])
        sys.stdin = before[1]
    return Ran(code, out.getvalue(), err.getvalue())
