"""Removing folders with plaintext: decrypted footage that stays on a disk is said, for nobody would look for it."""

from __future__ import annotations

import shutil
from pathlib import Path

import structlog

log = structlog.get_logger()


def remove_plaintext(folder: Path) -> None:
    """Remove it with everything in it, as far as that can be; nothing is raised. What is not there is removed.

    What stays is one line of the log, `media.plaintext_stays`: the folder, how many removals failed in it, and why the
    first did. No name of a file: a tool may have given it.
    """
    failures: list[OSError] = []

    def note(_function: object, _path: str, raised: tuple[type[BaseException], BaseException, object]) -> None:
        error = raised[1]
        if isinstance(error, OSError) and not isinstance(error, FileNotFoundError):
            failures.append(error)

    shutil.rmtree(folder, onerror=note)
    if failures:
        log.error("media.plaintext_stays", folder=str(folder), failures=len(failures), error=failures[0].strerror)
