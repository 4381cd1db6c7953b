"""What a run leaves to look at where it failed."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.compose.chaos.judge import judge
from tests.compose.chaos.observed import Observed
from tests.compose.chaos.report import tables
from tests.compose.stack import Stack


@contextmanager
def kept_evidence(prefix: str) -> Iterator[Path]:
    """A folder that goes where the verdict in it holds, and else stays."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        yield folder
    finally:
        verdict = folder / "verdict.json"
        if verdict.exists() and json.loads(verdict.read_text())["holds"]:
            shutil.rmtree(folder)
        else:
            print(f"evidence kept in {folder}", file=sys.stderr, flush=True)


@contextmanager
def kept_logs(stack: Stack, folder: Path) -> Iterator[None]:
    """Of every container, whole, as they are at the end."""
    try:
        yield
    finally:
        for each in stack.containers():
            name = str(each["Names"][0])
            done = stack.machine.podman("logs", name, check=False)
            (folder / f"{name}.log").write_text(done.stdout + done.stderr)


def tell_verdict(observed: Observed, folder: Path) -> int:
    """Keep it, print it, and the exit code that it is."""
    found = judge(observed)
    keep_json(folder / "observed.json", observed)
    keep_json(folder / "verdict.json", {**found.__dict__, "holds": found.holds})
    print()
    print(*tables(observed, found), sep="\n", flush=True)
    return 0 if found.holds else 1


def keep_json(path: Path, facts: object) -> None:
    path.write_text(json.dumps(facts, ensure_ascii=False, indent=1, default=lambda each: each.__dict__))
