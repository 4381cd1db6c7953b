"""What a package is made from, gathered by whoever holds the archive, and checked again while it is written.

Everything is lazy: recordings and entries may come from generators, and so may the pieces of footage, so that a case of
any size takes constant memory. Each iterable is read once, in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from integrity.canonical import Json
from integrity.digest import Digest
from integrity.keys import SigningKey
from integrity.package.documents import RepeatNote
from integrity.trust import Trust

if TYPE_CHECKING:
    from typing_extensions import Buffer


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagedProxy:
    """The playable copy of a recording. `parent_sha256` is of the original it was made from, `sha256` of itself."""

    pieces: Iterable[Buffer]
    sha256: Digest
    parent_sha256: Digest
    tool: str
    version: str
    settings: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagedRecording:
    """One recording: its manifest's envelope and token as stored, and its decrypted original in pieces of any size."""

    envelope: bytes
    token: bytes
    original: Iterable[Buffer]
    proxy: PackagedProxy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagedDocument:
    """A document (文书) of the case as it was sealed, or made final. `state`: final, sealed or withdrawn."""

    document_id: UUID
    kind: str
    title: str
    number: str | None
    state: str
    sealed: bool
    pdf: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagedEntry:
    """A ledger entry, its bytes as stored, and its inclusion proof for the size of the package's checkpoint."""

    index: int
    entry: bytes
    proof: Sequence[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageContents:
    """A whole package.

    `case` is what the case file says, for people; it is signed as part of the package and means nothing to the checks.
    `entries` ascend by index and hold the one `recording.sealed` of every recording, and `key.activated` of every key
    of a role, so that whoever holds an earlier key comes to the one that signs. `checkpoint` is the signed note all
    proofs lead to. `key` is the package key, pinned in `trust` under `key_epoch`. `catalogues` are those of an
    archived case, from version 1 on, byte for byte as they were kept. `repeats` open what the entries that a file came
    again have committed to, one each.
    """

    package_id: UUID
    created_at: datetime
    case: Mapping[str, Json]
    recordings: Iterable[PackagedRecording]
    entries: Iterable[PackagedEntry]
    checkpoint: bytes
    trust: Trust
    key: SigningKey
    key_epoch: int
    catalogues: Sequence[bytes] = ()
    documents: Sequence[PackagedDocument] = ()
    repeats: Sequence[RepeatNote] = ()
