"""DSSE envelopes (https://github.com/secure-systems-lab/dsse, v1.0): a payload, its type, and signatures over both.

Stored verbatim as canonical JSON. Stricter than the specification on purpose: one spelling (RFC 8785, standard base64
with padding), `keyid` always there, and every signature has to hold, so that no byte can change unseen.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass

from integrity.canonical import Json, canonical_json, parse_canonical
from integrity.errors import KeyNotPinned, MalformedEvidence
from integrity.fields import Fields
from integrity.keys import SIGNATURE_BYTES, PublicKey, SigningKey

MOST_SIGNATURES = 16
_MEDIA_TYPE = re.compile(r"[!-~]{1,255}")


@dataclass(frozen=True, slots=True)
class EnvelopeSignature:
    """One signature over the pre-authentication encoding. `key_id` is a hint in DSSE; here it must be true."""

    key_id: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """Parsed is not verified: `payload` is nobody's word until `verify_envelope` has returned it."""

    payload_type: str
    payload: bytes
    signatures: tuple[EnvelopeSignature, ...]

    def to_bytes(self) -> bytes:
        """The envelope as it is stored."""
        signatures: list[Json] = [
            {"keyid": each.key_id, "sig": encode_base64(each.signature)} for each in self.signatures
        ]
        form = {"payload": encode_base64(self.payload), "payloadType": self.payload_type, "signatures": signatures}
        return canonical_json(form, "DSSE envelope")

    @classmethod
    def parse(cls, data: bytes, what: str = "DSSE envelope") -> Envelope:
        """Read stored bytes. Raises MalformedEvidence naming `what`; checks no signature."""
        fields = Fields(what, parse_canonical(data, what), ("payload", "payloadType", "signatures"))
        payload_type = fields.text("payloadType")
        if not _MEDIA_TYPE.fullmatch(payload_type):
            raise MalformedEvidence(what, f"payloadType {payload_type!r} is not a media type")
        signatures = tuple(_parse_signature(what, item) for item in fields.items("signatures"))
        if not 1 <= len(signatures) <= MOST_SIGNATURES:
            raise MalformedEvidence(what, f"{len(signatures)} signatures, 1 to {MOST_SIGNATURES} are allowed")
        if len({each.key_id for each in signatures}) != len(signatures):
            raise MalformedEvidence(what, "two signatures by one key")
        return cls(payload_type, decode_base64(fields.text("payload"), f"{what}: payload"), signatures)

    def pae(self) -> bytes:
        """What the signatures are made over."""
        return pae(self.payload_type, self.payload)


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding: `DSSEv1 <len> <type> <len> <payload>`, lengths in bytes, decimal."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign_envelope(payload: bytes, payload_type: str, key: SigningKey) -> Envelope:
    """An envelope around `payload`, signed by `key`. The same input gives the same bytes."""
    signature = key.sign(pae(payload_type, payload))
    return Envelope(payload_type, payload, (EnvelopeSignature(key.key_id, signature),))


def verify_envelope(
    envelope: Envelope, keys: Iterable[PublicKey], payload_type: str | None = None, what: str = "DSSE envelope"
) -> bytes:
    """The payload, once every signature was made by one of `keys` and the type is `payload_type`, if that is given.

    Raises KeyNotPinned, SignatureInvalid or, for another type, MalformedEvidence.
    """
    pinned = {key.key_id: key for key in keys}
    if not envelope.signatures:
        raise MalformedEvidence(what, "no signature")
    message = envelope.pae()
    for each in envelope.signatures:
        key = pinned.get(each.key_id)
        if key is None:
            raise KeyNotPinned(what, each.key_id, tuple(sorted(pinned)))
        key.verify(each.signature, message, what)
    # A key may sign several kinds of document; one must never pass for another.
    if payload_type is not None and envelope.payload_type != payload_type:
        raise MalformedEvidence(what, f"payloadType is {envelope.payload_type!r}, not {payload_type!r}")
    return envelope.payload


def encode_base64(data: bytes) -> str:
    """Standard alphabet, padded, one line (RFC 4648 section 4)."""
    return base64.b64encode(data).decode("ascii")


def decode_base64(text: str, what: str) -> bytes:
    """Bytes of standard base64 in its one canonical spelling. Raises MalformedEvidence."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedEvidence(what, f"not base64: {error}") from error
    # Unused bits of the last character would let two texts mean the same bytes.
    if encode_base64(data) != text:
        raise MalformedEvidence(what, "base64 is not in its canonical spelling")
    return data


def _parse_signature(what: str, value: Json) -> EnvelopeSignature:
    fields = Fields(f"{what}: signature", value, ("keyid", "sig"))
    signature = decode_base64(fields.text("sig"), f"{what}: sig")
    if len(signature) != SIGNATURE_BYTES:
        raise MalformedEvidence(what, f"signature of {len(signature)} bytes, Ed25519 makes {SIGNATURE_BYTES}")
    return EnvelopeSignature(fields.hex("keyid", 32).hex(), signature)
