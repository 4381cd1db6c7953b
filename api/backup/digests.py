"""Files of a backup with their digests: listed when it is made, held against the list before any is put in place."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from integrity.durable_files import sync_folder

_READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, order=True)
class ListedFile:
    """A file by its path below the folder it is listed for, with "/" between; the digest in hex."""

    path: str
    size_bytes: int
    sha256: str


def digest_file(path: Path) -> str:
    """SHA-256 in hex. Raises OSError."""
    hasher = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while piece := file.read(_READ_BYTES):
            hasher.update(piece)
    return hasher.hexdigest()


def list_files(folder: Path) -> Iterator[ListedFile]:
    """Every file below `folder`, sorted by path."""
    for path in _paths_below(folder):
        yield ListedFile(path, (folder / path).stat().st_size, digest_file(folder / path))


def write_lines(path: Path, lines: Iterable[Any]) -> int:
    """One JSON object a line (dataclasses), durably; how many."""
    count = 0
    with path.open("x", encoding="utf-8") as file:
        path.chmod(0o600)
        for line in lines:
            file.write(json.dumps(asdict(line), ensure_ascii=False, sort_keys=True) + "\n")
            count += 1
        file.flush()
        os.fsync(file.fileno())
    return count


def read_listed(path: Path) -> list[ListedFile]:
    with path.open(encoding="utf-8") as file:
        return [ListedFile(**json.loads(line)) for line in file]


def find_flaws(folder: Path, listed: Iterable[ListedFile], spared: frozenset[str] = frozenset()) -> Iterator[str]:
    """What of `folder` is not as listed: each file named, with what is the matter. `spared`: paths that may be gone."""
    known = set(spared)
    for each in listed:
        known.add(each.path)
        path = folder / each.path
        if path.is_symlink() or not path.is_file():
            if each.path not in spared:
                yield f"缺失 / missing: {path}"
        elif path.stat().st_size != each.size_bytes:
            yield f"大小不符 / another size: {path}"
        elif _unreadable_or(path) != each.sha256:
            yield f"内容不符 / other bytes: {path}"
    for found in _paths_below(folder):
        if found not in known:
            yield f"多出 / not listed: {folder / found}"


def _unreadable_or(path: Path) -> str:
    try:
        return digest_file(path)
    except OSError as error:
        return error.strerror or "unreadable"


def copy_durably(source: Path, target: Path) -> None:
    """A folder whose files are its owner's alone, and on the disk on return; `target` is made."""
    target.mkdir(mode=0o700, parents=True)
    for folder, below, names in os.walk(source):
        here = target / Path(folder).relative_to(source)
        for name in below:
            (here / name).mkdir(mode=0o700)
        for name in names:
            shutil.copyfile(Path(folder) / name, here / name, follow_symlinks=False)
            (here / name).chmod(0o600)
            with (here / name).open("rb") as file:
                os.fsync(file.fileno())
        sync_folder(here)


def _paths_below(folder: Path) -> list[str]:
    return sorted(
        (Path(above) / name).relative_to(folder).as_posix() for above, _, names in os.walk(folder) for name in names
    )
