"""Where things lie in a package, and how large each may be. No name in it ever comes from outside.

A package is opened by people who do not trust whoever wrote it, so the list of possible names is closed: what does not
match is an intruder, and no name read from a file in it is ever used to open anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

BAG_DECLARATION = "bagit.txt"
BAG_INFO = "bag-info.txt"
PAYLOAD_LIST = "manifest-sha256.txt"
TAG_LIST = "tagmanifest-sha256.txt"
STATEMENT = "package.dsse.json"
CHECKPOINT = "log/checkpoint"
CASE = "meta/case.json"
DOCUMENTS = "meta/documents.json"
REPEATS = "meta/received-again.json"
GUIDE = "VERIFY.md"
TRUST_FOLDER = "trust"
TRUST_STATEMENT = "trust/trust.json"

# Without these a folder is no package at all.
ALWAYS_THERE = (
    BAG_DECLARATION,
    BAG_INFO,
    PAYLOAD_LIST,
    TAG_LIST,
    STATEMENT,
    CHECKPOINT,
    CASE,
    GUIDE,
    TRUST_STATEMENT,
)
# The statement cannot state its own digest, nor that of the list which states the statement's.
OUTSIDE_STATEMENT = (STATEMENT, TAG_LIST)

MOST_FILES = 500_000

_KIB, _MIB = 1 << 10, 1 << 20
_NUMBER = r"[1-9][0-9]{0,5}"
_INDEX = r"(?:0|[1-9][0-9]{0,18})"
_LIMITS: tuple[tuple[str, int | None], ...] = (
    (r"bagit\.txt", _KIB),
    (r"bag-info\.txt", 64 * _KIB),
    (r"(?:tag)?manifest-sha256\.txt", 64 * _MIB),
    (r"package\.dsse\.json", 64 * _MIB),
    (r"VERIFY\.md", 16 * _MIB),
    (rf"data/{_NUMBER}/(?:original\.[a-z0-9]{{1,8}}|proxy\.mp4)", None),
    (rf"data/documents/{_NUMBER}\.pdf", 64 * _MIB),
    (rf"manifest/{_NUMBER}\.(?:dsse\.json|tsr)", _MIB),
    (rf"log/entries/{_INDEX}\.json", 65_535),
    (rf"log/proofs/{_INDEX}\.json", 64 * _KIB),
    (r"log/checkpoint", 64 * _KIB),
    (r"trust/[a-z0-9][a-z0-9.-]{0,63}", 64 * _KIB),
    (r"meta/case\.json", 16 * _MIB),
    (r"meta/catalogue-[1-9][0-9]{0,3}\.json", 16 * _MIB),
    (r"meta/documents\.json", 16 * _MIB),
    # Of a folder that is never emptied each file may come again whenever its station begins anew.
    (r"meta/received-again\.json", 256 * _MIB),
)
_FILES = tuple((re.compile(pattern), limit) for pattern, limit in _LIMITS)
_CATALOGUE = re.compile(r"meta/catalogue-([1-9][0-9]{0,3})\.json")
_FOLDER = re.compile(rf"data(?:/{_NUMBER}|/documents)?|manifest|log(?:/entries|/proofs)?|trust|meta")

# Kinds of footage and stills. Anything else keeps its bytes and loses its ending: a double click must not run it.
# fmt: off
_SAFE_ENDINGS = frozenset((
    "3gp", "aac", "amr", "asf", "avi", "bmp", "dav", "dng", "flac", "flv", "gif", "h264", "h265", "heic", "jpeg",
    "jpg", "m2ts", "m4a", "m4v", "mkv", "mov", "mp3", "mp4", "mpeg", "mpg", "mts", "ogg", "png", "tif", "tiff", "ts",
    "wav", "webm", "webp", "wmv",
))
# fmt: on
NEUTRAL_ENDING = "bin"


def is_possible_file(path: str) -> bool:
    """Whether a package can have a file of this name."""
    return any(pattern.fullmatch(path) for pattern, _ in _FILES)


def is_possible_folder(path: str) -> bool:
    """Whether a package can have a folder of this name."""
    return _FOLDER.fullmatch(path) is not None


def size_limit_bytes(path: str) -> int | None:
    """How large a file of this (possible) name may be; None for footage, which may be of any size."""
    return next(limit for pattern, limit in _FILES if pattern.fullmatch(path))


def original_path(number: int, original_name: str) -> str:
    """Where the original of recording `number` lies. Of its uploader's name only a well-known ending is kept."""
    ending = PurePosixPath(original_name).suffix[1:].lower()
    return f"data/{number}/original.{ending if ending in _SAFE_ENDINGS else NEUTRAL_ENDING}"


def proxy_path(number: int) -> str:
    """Where the playable copy of recording `number` lies, if there is one."""
    return f"data/{number}/proxy.mp4"


def manifest_path(number: int) -> str:
    """Where the signed manifest of recording `number` lies."""
    return f"manifest/{number}.dsse.json"


def token_path(number: int) -> str:
    """Where the time stamp over the manifest of recording `number` lies."""
    return f"manifest/{number}.tsr"


def document_path(number: int) -> str:
    """Where document `number` lies: sealed, or final where it bears no seal."""
    return f"data/documents/{number}.pdf"


def count_documents(paths: Iterable[str]) -> int:
    """How many documents there are among `paths`."""
    return sum(path.startswith("data/documents/") for path in paths)


def entry_path(index: int) -> str:
    """Where ledger entry `index` lies."""
    return f"log/entries/{index}.json"


def proof_path(index: int) -> str:
    """Where the inclusion proof of ledger entry `index` lies."""
    return f"log/proofs/{index}.json"


def catalogue_path(version: int) -> str:
    """Where this version of the archived case's catalogue lies."""
    return f"meta/catalogue-{version}.json"


def catalogue_versions(paths: Iterable[str]) -> set[int]:
    """Which versions of the catalogue there are among these files."""
    return {int(match[1]) for match in map(_CATALOGUE.fullmatch, paths) if match}


def is_payload(path: str) -> bool:
    """Whether BagIt counts the file as payload."""
    return path.startswith("data/")
