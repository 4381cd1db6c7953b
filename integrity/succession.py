"""The succession (接替) of a signing key: signed by it and by the one that comes after it. docs/formats/succession.md.

Whoever holds any key of a line can so come to all of the others, in both directions: the former key vouches for the
following one, and the following one names the key before it. Neither says so without the other's signature.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from integrity.canonical import Json, canonical_json, parse_canonical
from integrity.dsse import Envelope, pae, sign_envelope, verify_envelope
from integrity.epoch_keys import EpochKey
from integrity.errors import EvidenceContradiction, MalformedEvidence
from integrity.fields import Fields
from integrity.keys import PUBLIC_KEY_BYTES, PublicKey, SigningKey

PAYLOAD_TYPE = "application/vnd.liuhen.succession.v1+json"
ACTIVATED = "key.activated"
"""The action of the ledger's entry by which a key comes into force."""
VERSION = 1
FIRST_EPOCH = 1
MOST_BYTES = 1 << 20
"""Of a whole line as it is handed over: a thousand successions."""

_WHAT = "succession"
_NAMES = ("v", "origin", "purpose", "epoch", "former", "following")


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """In the archive of the ledger `origin`, `following` signs for `purpose` from `epoch` on, after `former`."""

    origin: str
    purpose: str
    epoch: int
    former: PublicKey
    following: PublicKey

    def to_bytes(self) -> bytes:
        """The payload to sign, canonical."""
        form: dict[str, Json] = {
            "v": VERSION,
            "origin": self.origin,
            "purpose": self.purpose,
            "epoch": self.epoch,
            "former": self.former.raw.hex(),
            "following": self.following.raw.hex(),
        }
        return canonical_json(form, _WHAT)

    def require_signed(self, by_former: bytes, by_following: bytes) -> None:
        """Both signatures, as the ledger's entry of the following key has them. Raises SignatureInvalid."""
        signed = pae(PAYLOAD_TYPE, self.to_bytes())
        self.former.verify(by_former, signed, "signed_by_former")
        self.following.verify(by_following, signed, "signed_by_this")


def sign_succession(origin: str, purpose: str, epoch: int, former: SigningKey, following: SigningKey) -> Envelope:
    """The envelope, signed by both keys, the former one's signature first. The same input gives the same bytes."""
    said = Succession(
        origin=origin, purpose=purpose, epoch=epoch, former=former.public, following=following.public
    ).to_bytes()
    by_former, by_following = (sign_envelope(said, PAYLOAD_TYPE, key) for key in (former, following))
    return Envelope(PAYLOAD_TYPE, said, (*by_former.signatures, *by_following.signatures))


def open_succession(data: bytes, what: str = _WHAT) -> Succession:
    """What an envelope's bytes say, once both keys that it names have signed it. It vouches for neither of them: that
    one of the two is known already is the caller's to ask. Raises MalformedEvidence, KeyNotPinned, SignatureInvalid.
    """
    envelope = Envelope.parse(data, what)
    said = _parse(envelope.payload, what)
    verify_envelope(envelope, (said.former, said.following), PAYLOAD_TYPE, what)
    if [each.key_id for each in envelope.signatures] != [said.former.key_id, said.following.key_id]:
        raise MalformedEvidence(what, "not signed by the former key first and the following one after it")
    return said


def open_line(successions: Sequence[bytes], origin: str | None, purpose: str) -> tuple[EpochKey, ...]:
    """All keys of a line from the first on, by its successions in order; none: nothing is known of it.

    They are one line, and no more than that: some key of it has to be known already. `origin` None: whoever asks does
    not know it beforehand. Raises as `open_succession`, and EvidenceContradiction for a line that is none.
    """
    keys: list[EpochKey] = []
    for epoch, data in enumerate(successions, FIRST_EPOCH + 1):
        said = open_succession(data, f"succession {epoch}")
        origin = said.origin if origin is None else origin
        keys = keys or [EpochKey(FIRST_EPOCH, said.former)]
        expected = (origin, purpose, epoch, keys[-1].key.key_id)
        found = (said.origin, said.purpose, said.epoch, said.former.key_id)
        if found != expected:
            raise EvidenceContradiction(f"succession {epoch}", "the line it stands in", str(expected), str(found))
        keys.append(EpochKey(epoch, said.following))
    _require_distinct(keys)
    return tuple(keys)


def write_lines(successions: Iterable[bytes]) -> bytes:
    """Envelopes in order, a line each: canonical JSON has no newline in it."""
    return b"".join(each + b"\n" for each in successions)


def read_lines(data: bytes) -> tuple[bytes, ...]:
    """The envelopes that `write_lines` wrote. Raises MalformedEvidence."""
    if len(data) > MOST_BYTES:
        raise MalformedEvidence(_WHAT, f"more than {MOST_BYTES} bytes")
    if data and not data.endswith(b"\n"):
        raise MalformedEvidence(_WHAT, "its last line has no end")
    return tuple(data.split(b"\n")[:-1])


def _require_distinct(keys: Sequence[EpochKey]) -> None:
    """A key that came again would end the epochs between the two."""
    if len({each.key for each in keys}) != len(keys):
        raise MalformedEvidence(_WHAT, "a key comes twice in one line")


def _parse(payload: bytes, what: str) -> Succession:
    fields = Fields(what, parse_canonical(payload, what), _NAMES)
    fields.constant("v", VERSION)
    said = Succession(
        origin=fields.text("origin"),
        purpose=fields.text("purpose"),
        epoch=fields.count("epoch"),
        former=PublicKey(fields.hex("former", PUBLIC_KEY_BYTES)),
        following=PublicKey(fields.hex("following", PUBLIC_KEY_BYTES)),
    )
    if said.former == said.following:
        raise MalformedEvidence(what, "a key cannot succeed itself")
    return said
