"""Checkpoints (检查点): the signed head of the ledger, as C2SP tlog-checkpoint in a C2SP signed note.

    <origin>\n<size>\n<base64 root>\n            the text, which is what is signed, last newline included
    \n
    — <key name> <base64(key id, 4 bytes ‖ signature)>\n      one or more, U+2014 first

Sources: c2sp.org/tlog-checkpoint, c2sp.org/signed-note. Ours have three lines and no extension lines. Signatures by
keys we do not know are passed over, as the specification asks: that is how witnesses join later.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from integrity.dsse import decode_base64, encode_base64
from integrity.errors import CheckpointInvalid, MalformedEvidence
from integrity.keys import SIGNATURE_BYTES, PublicKey, SigningKey
from integrity.merkle import EMPTY_ROOT, HASH_BYTES

ED25519 = b"\x01"
KEY_HASH_BYTES = 4
LARGEST_SIZE = 2**63 - 1
MOST_SIGNATURES = 100

_WHAT = "checkpoint"
_KEY_NAME = re.compile(r"[^\s+\x00-\x1f\x7f]+")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_SIGNATURE_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+=*)")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The ledger `origin` had `size` entries and this Merkle root."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        _require_key_name(self.origin, "origin")
        if not 0 <= self.size <= LARGEST_SIZE:
            raise MalformedEvidence(_WHAT, f"size {self.size} is not between 0 and 2^63 - 1")
        if len(self.root) != HASH_BYTES:
            raise MalformedEvidence(_WHAT, f"root of {len(self.root)} bytes, not {HASH_BYTES}")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise MalformedEvidence(_WHAT, "an empty ledger has another root")

    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"


@dataclass(frozen=True, slots=True)
class Vkey:
    """A ledger's public key under its name, the form in which it is pinned."""

    name: str
    public: PublicKey

    def __post_init__(self) -> None:
        _require_key_name(self.name, "key name")

    @property
    def key_hash(self) -> bytes:
        """C2SP's 4-byte key id. A hint for finding the key: 4 bytes authenticate nothing."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public.raw).digest()[:KEY_HASH_BYTES]

    def encode(self) -> str:
        """`name+hex(key id)+base64(type ‖ public key)`."""
        return f"{self.name}+{self.key_hash.hex()}+{encode_base64(ED25519 + self.public.raw)}"


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line of a note."""

    name: str
    key_hash: bytes
    signature: bytes


def encode_vkey(name: str, public: PublicKey) -> str:
    """The vkey text for a ledger's key."""
    return Vkey(name, public).encode()


def parse_vkey(text: str) -> Vkey:
    """Read a vkey. Raises MalformedEvidence, also for key types other than Ed25519."""
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise MalformedEvidence("vkey", "not of the form name+keyid+key")
    name, _, encoded = parts
    key = decode_base64(encoded, "vkey")
    if key[:1] != ED25519:
        raise MalformedEvidence("vkey", f"key type 0x{key[:1].hex()} is unknown here, only 0x01 (Ed25519) can be read")
    vkey = Vkey(name, PublicKey(key[1:]))
    if vkey.encode() != text:
        raise MalformedEvidence("vkey", "its key id does not belong to its name and key")
    return vkey


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey) -> bytes:
    """The checkpoint as a signed note, by the ledger's key under the ledger's name. Same input, same bytes."""
    text = checkpoint.text()
    key_hash = Vkey(checkpoint.origin, key.public).key_hash
    signature = encode_base64(key_hash + key.sign(text.encode()))
    return f"{text}\n— {checkpoint.origin} {signature}\n".encode()


def open_checkpoint(note: bytes, vkey: str) -> Checkpoint:
    """The checkpoint in a note, once the ledger's key has been seen to have signed it.

    Raises MalformedEvidence for what is no checkpoint, CheckpointInvalid for one of another ledger or without a
    signature by this key, SignatureInvalid for a signature that does not hold.
    """
    pinned = parse_vkey(vkey)
    checkpoint, signatures = parse_note(note)
    if checkpoint.origin != pinned.name:
        raise CheckpointInvalid(checkpoint.origin, f"the pinned key is for {pinned.name}")
    ours = [each for each in signatures if (each.name, each.key_hash) == (pinned.name, pinned.key_hash)]
    if not ours:
        raise CheckpointInvalid(checkpoint.origin, f"no signature by the ledger's key {pinned.key_hash.hex()}")
    for each in ours:
        if len(each.signature) != SIGNATURE_BYTES:
            raise MalformedEvidence(_WHAT, f"signature of {len(each.signature)} bytes, Ed25519 makes {SIGNATURE_BYTES}")
        pinned.public.verify(each.signature, checkpoint.text().encode(), f"checkpoint {checkpoint.size}")
    return checkpoint


def parse_note(note: bytes) -> tuple[Checkpoint, tuple[NoteSignature, ...]]:
    """A note taken apart, no signature checked. Raises MalformedEvidence."""
    try:
        whole = note.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedEvidence(_WHAT, f"not UTF-8 at byte {error.start}") from error
    text, separator, signature_lines = whole.rpartition("\n\n")
    if not separator or not signature_lines.endswith("\n"):
        raise MalformedEvidence(_WHAT, "no text, empty line and signatures, each line ended by a newline")
    lines = signature_lines[:-1].split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise MalformedEvidence(_WHAT, f"{len(lines)} signatures, at most {MOST_SIGNATURES} are read")
    return _parse_text(text + "\n"), tuple(_parse_signature_line(line) for line in lines)


def _parse_text(text: str) -> Checkpoint:
    lines = text.split("\n")
    if len(lines) != 4:
        raise MalformedEvidence(_WHAT, f"{len(lines) - 1} lines of text, a checkpoint has origin, size and root")
    origin, size, root, _ = lines
    if not _SIZE.fullmatch(size):
        raise MalformedEvidence(_WHAT, f"size {size!r} is not a decimal number without leading zeros")
    return Checkpoint(origin, int(size), decode_base64(root, "checkpoint: root"))


def _parse_signature_line(line: str) -> NoteSignature:
    match = _SIGNATURE_LINE.fullmatch(line)
    if match is None:
        raise MalformedEvidence(_WHAT, f"{line[:80]!r} is not a signature line")
    name, encoded = match.groups()
    content = decode_base64(encoded, "checkpoint: signature")
    if len(content) <= KEY_HASH_BYTES:
        raise MalformedEvidence(_WHAT, f"signature of {len(content)} bytes is too short")
    return NoteSignature(name, content[:KEY_HASH_BYTES], content[KEY_HASH_BYTES:])


def _require_key_name(name: str, place: str) -> None:
    if not _KEY_NAME.fullmatch(name):
        raise MalformedEvidence(_WHAT, f"{place} {name!r} is empty or holds a space, a plus or a control character")
