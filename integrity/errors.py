"""Everything that can be wrong with evidence, as one tree.

    EvidenceError
    ├── MalformedEvidence           bytes that are not the format they claim to be
    │   └── EntryTooLarge           a ledger entry over 65,535 bytes
    ├── DigestMismatch              bytes that are not the bytes that were sealed
    ├── SizeMismatch                a file longer or shorter than sealed
    ├── EvidenceContradiction       two artefacts, each sound, that say different things
    ├── SignatureInvalid            a signature that its key did not make
    ├── KeyNotPinned                a signature by a key nobody told us to trust
    ├── KeyLineBroken               a key that the ledger does not lead to, or not in its time
    ├── KeyFileError
    │   ├── KeyFileUnsafe           a private key others can read
    │   ├── KeyFileExists           a key is never written over another
    │   └── KeyFileUnreadable       missing, or not a key
    ├── TimestampError
    │   ├── TimestampInvalid        a token that does not prove what it should
    │   ├── TimestampRefused        the authority answered, with a refusal
    │   └── AuthorityUnreachable    no answer, or no RFC 3161 answer
    ├── LedgerError
    │   ├── ProofInvalid            an inclusion or consistency proof that does not lead to the root
    │   ├── CheckpointInvalid       a signed note that is not a checkpoint of this ledger
    │   ├── HistoryContradicted     two checkpoints by the ledger's key that cannot both be true
    │   ├── GrowthUnproven          nothing to prove by that one checkpoint grew into the other
    │   └── TileUnavailable         neither the tile nor a fuller one can be read
    ├── PackageInvalid              the verdict on a package, with its step (integrity/package/failure.py)
    ├── TrustError
    │   ├── TrustIncomplete         a trust folder without something it needs
    │   └── TrustExists             a trust folder is never written over another
    └── PackageError
        ├── FileMissing             listed, not there
        ├── FileUnexpected          there, not listed
        ├── FileUnreadable          there, and the system will not let us read it
        ├── PathUnsafe              a name that leads out of the package, or is no plain file
        └── PackageExists           a package is never written over another

Each carries its facts as attributes, says in `str()` what is wrong and, where a person can do something, what: in
English, and in Chinese by its sentence in integrity/chinese.py.
They survive pickling, because workers hand them over between processes.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass


@dataclass(eq=False)
class EvidenceError(Exception):
    """Something about a piece of evidence could not be established. Catch this to catch all of them."""

    def __reduce__(self) -> tuple[type[EvidenceError], tuple[object, ...]]:
        return type(self), tuple(getattr(self, field.name) for field in dataclasses.fields(self))


@dataclass(eq=False)
class MalformedEvidence(EvidenceError):
    """`what` (an artefact or a file) is not in its format; `reason` names the place."""

    what: str
    reason: str

    def __str__(self) -> str:
        return f"{self.what} is malformed: {self.reason}"


@dataclass(eq=False)
class EntryTooLarge(MalformedEvidence):
    """A ledger entry that does not fit the 16-bit length of an entry bundle."""

    def __str__(self) -> str:
        return f"{self.what} is too large: {self.reason}; put the content in an attachment and name its digest"


@dataclass(eq=False)
class DigestMismatch(EvidenceError):
    """The content of `path` is not what was sealed. Digests are lower-case hex, as sha256sum prints them."""

    path: str
    algorithm: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.path}: {self.algorithm} is {self.found}, sealed as {self.expected}"


@dataclass(eq=False)
class SizeMismatch(EvidenceError):
    """`path` is longer or shorter than it was when sealed."""

    path: str
    expected_bytes: int
    found_bytes: int

    def __str__(self) -> str:
        return f"{self.path}: {self.found_bytes} bytes, sealed as {self.expected_bytes} bytes"


@dataclass(eq=False)
class EvidenceContradiction(EvidenceError):
    """`what` says `found` where another artefact, `source`, says `expected`: one of the two was swapped."""

    what: str
    source: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.what} says {self.found}, but {self.source} says {self.expected}"


@dataclass(eq=False)
class SignatureInvalid(EvidenceError):
    """The signature on `what` was not made over these bytes by the key `key_id`."""

    what: str
    key_id: str

    def __str__(self) -> str:
        return f"{self.what}: the signature does not verify under key {self.key_id}; it or what it signs was changed"


@dataclass(eq=False)
class KeyNotPinned(EvidenceError):
    """`what` is signed by `key_id`, and that is none of the keys we were told to trust."""

    what: str
    key_id: str
    pinned: tuple[str, ...] = ()

    def __str__(self) -> str:
        known = ", ".join(self.pinned) or "none"
        return f"{self.what} is signed by key {self.key_id}, which is not pinned (pinned: {known})"


@dataclass(eq=False)
class KeyLineBroken(EvidenceError):
    """From the keys we were told to trust the ledger does not lead to the one that signed, or not in its time.

    `what` is the file at fault; the reason is there in both languages, because who reads it decides by it.
    """

    what: str
    chinese: str
    reason: str

    def __str__(self) -> str:
        return f"密钥的接替不成立：{self.chinese} / the line of keys does not hold: {self.reason}"


@dataclass(eq=False)
class KeyFileError(EvidenceError):
    """A key file could not be used; nothing was changed."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"key file {self.path}: {self.reason}"


@dataclass(eq=False)
class KeyFileUnsafe(KeyFileError):
    """A private key that its group or everybody can read or write is no longer a secret."""

    def __str__(self) -> str:
        return (
            f"key file {self.path}: {self.reason}; run: chmod 600 {self.path} — and replace the key if it was exposed"
        )


@dataclass(eq=False)
class KeyFileExists(KeyFileError):
    """There is already a file of that name, and evidence may hang on it."""


@dataclass(eq=False)
class KeyFileUnreadable(KeyFileError):
    """There is no such file, or it does not hold a key of the kind asked for."""


@dataclass(eq=False)
class TimestampError(EvidenceError):
    """A time stamp could not be obtained or does not hold."""


@dataclass(eq=False)
class TimestampInvalid(TimestampError):
    """The token on `what` does not prove that these bytes existed at its time."""

    what: str
    reason: str

    def __str__(self) -> str:
        return f"time stamp on {self.what} does not hold: {self.reason}"


@dataclass(eq=False)
class TimestampRefused(TimestampError):
    """The authority answered with a refusal (RFC 3161, section 2.4.2): `status` is its PKIStatus, 0 is granted."""

    url: str
    status: int
    reason: str

    def __str__(self) -> str:
        return f"time stamp authority {self.url} refused (status {self.status}): {self.reason}"


@dataclass(eq=False)
class AuthorityUnreachable(TimestampError):
    """No usable answer came from the time stamp authority. Trying again later is right."""

    url: str
    reason: str

    def __str__(self) -> str:
        return f"time stamp authority {self.url} cannot be reached: {self.reason}"


@dataclass(eq=False)
class LedgerError(EvidenceError):
    """Something in the ledger's algebra does not hold."""


@dataclass(eq=False)
class ProofInvalid(LedgerError):
    """`kind` is "inclusion" or "consistency"."""

    kind: str
    reason: str

    def __str__(self) -> str:
        return f"{self.kind} proof does not hold: {self.reason}"


@dataclass(eq=False)
class CheckpointInvalid(LedgerError):
    """A checkpoint that parses but cannot be accepted: another origin, or no signature by the ledger's key."""

    origin: str
    reason: str

    def __str__(self) -> str:
        return f"checkpoint of {self.origin} cannot be accepted: {self.reason}"


@dataclass(eq=False)
class HistoryContradicted(LedgerError):
    """The ledger's key signed two histories: over `old_size` entries `expected` was the root, and now it is `found`.

    Roots in hex. Whoever holds both checkpoints, and the tiles where the sizes differ, can show it to anybody.
    """

    origin: str
    old_size: int
    new_size: int
    expected: str
    found: str

    def __str__(self) -> str:
        return (
            f"{self.origin} signed two histories: over its first {self.old_size} entries the root was {self.expected}, "
            f"and by the checkpoint over {self.new_size} it is {self.found}; keep both checkpoints"
        )


@dataclass(eq=False)
class GrowthUnproven(LedgerError):
    """There is neither a growth proof nor a tile. It says nothing against the ledger."""

    old_size: int

    def __str__(self) -> str:
        return f"nothing to prove it by: ask for /ledger/consistency/{self.old_size}, or name the ledger's tiles"


@dataclass(eq=False)
class TileUnavailable(LedgerError):
    """Neither the tile at `path` nor the full tile that may have replaced it can be read."""

    path: str

    def __str__(self) -> str:
        return f"ledger tile {self.path} cannot be read, and neither can the full tile in its place"


@dataclass(eq=False)
class TrustError(EvidenceError):
    """The keys and roots to trust could not be loaded or written."""

    folder: str
    reason: str

    def __str__(self) -> str:
        return f"trust folder {self.folder}: {self.reason}"


@dataclass(eq=False)
class TrustIncomplete(TrustError):
    """Something that verification needs is not in the folder, or is not what its name says."""


@dataclass(eq=False)
class TrustExists(TrustError):
    """Pinned keys are handed over once; they are never written over."""


@dataclass(eq=False)
class PackageError(EvidenceError):
    """A package is not made up as its lists say. `path` is relative to the package's folder, with slashes."""

    path: str

    def __str__(self) -> str:
        return self.path


@dataclass(eq=False)
class FileMissing(PackageError):
    """A file that the package lists is not there."""

    def __str__(self) -> str:
        return f"{self.path} is listed but missing"


@dataclass(eq=False)
class FileUnexpected(PackageError):
    """A file is there that no list names: it was added afterwards."""

    def __str__(self) -> str:
        return f"{self.path} is there but not listed"


@dataclass(eq=False)
class FileUnreadable(PackageError):
    """The operating system refused to read the file; this says nothing about its content."""

    reason: str

    def __str__(self) -> str:
        return f"{self.path} cannot be read: {self.reason}"


@dataclass(eq=False)
class PathUnsafe(PackageError):
    """A listed name leads out of the package, or is a link, device or folder where a file should be."""

    reason: str

    def __str__(self) -> str:
        return f"{self.path!r} is not a safe name for a file of the package: {self.reason}"


@dataclass(eq=False)
class PackageExists(PackageError):
    """A package is written into a new folder only."""

    def __str__(self) -> str:
        return f"{self.path} already exists; choose a folder that does not"
