"""The release before: its tree out of the repository's history, its image, and its own compose file.

The engines' images are this release's: they keep what they are asked to keep, whoever asks.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.compose.machine import ROOT, Machine

NEW, PREVIOUS, RUN = "new", "previous", "latest"
"""Tags of the one image. Compose files run what is tagged `latest`."""


class NoPrevious(Exception):
    """Nothing says which release was before this one."""


def choose_revision(asked: str) -> str:
    """`asked`, or the newest tag `v…` before this commit, as a commit. Raises NoPrevious."""
    described = ("describe", "--tags", "--abbrev=0", "--match", "v*", "HEAD^")
    named = asked or _git(*described)
    commit = _git("rev-parse", "--verify", "--quiet", f"{named}^{{commit}}") if named else ""
    if not commit:
        why = f"{named} is no commit" if named else "no tag v… is an ancestor of this commit"
        raise NoPrevious(f"{why}: name the release that is upgraded from, FROM=COMMIT")
    return commit


def unpack(revision: str, folder: Path) -> Path:
    """The tree of that commit."""
    tree = folder / "previous"
    tree.mkdir()
    archive = folder / "previous.tar"
    subprocess.run(["git", "archive", "--output", str(archive), revision], check=True, cwd=ROOT)
    subprocess.run(["tar", "-xf", str(archive), "-C", str(tree)], check=True)
    archive.unlink()
    return tree


def build_previous(machine: Machine, tree: Path) -> None:
    """Beside this release's, which is built and tagged `latest`: from now on `latest` is the one before."""
    machine.podman("tag", f"localhost/liuhen:{RUN}", f"localhost/liuhen:{NEW}")
    machine.build("liuhen", tree, PREVIOUS)
    machine.podman("tag", f"localhost/liuhen:{PREVIOUS}", f"localhost/liuhen:{RUN}")
    shutil.copytree(ROOT / "docker" / "secrets", tree / "docker" / "secrets")


def take_new(machine: Machine) -> None:
    """What whoever upgrades does first: the new image under the name that the compose file runs."""
    machine.podman("tag", f"localhost/liuhen:{NEW}", f"localhost/liuhen:{RUN}")


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], capture_output=True, text=True, cwd=ROOT, check=False).stdout.strip()
