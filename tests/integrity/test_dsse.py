from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib import dsse as peer
from securesystemslib import exceptions as peer_exceptions
from securesystemslib.signer import CryptoSigner, SSlibKey

from integrity import keys
from integrity.canonical import canonical_json
from integrity.dsse import (
    Envelope,
    EnvelopeSignature,
    decode_base64,
    encode_base64,
    pae,
    sign_envelope,
    verify_envelope,
)
from integrity.errors import EvidenceError, KeyNotPinned, MalformedEvidence, SignatureInvalid
from integrity.keys import SigningKey

TYPE = "application/vnd.test+json"
KEY = SigningKey(keys.Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
OTHER = SigningKey(keys.Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))))


def opened(stored: bytes) -> bytes:
    return verify_envelope(Envelope.parse(stored), [KEY.public], TYPE)


def form_of(envelope: Envelope) -> dict:  # type: ignore[type-arg]
    return json.loads(envelope.to_bytes())  # type: ignore[no-any-return]


def test_encoding_is_that_of_the_specification() -> None:
    # protocol.md of DSSE v1.0.
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    assert pae("", b"") == b"DSSEv1 0  0 "


@given(st.binary(max_size=200))
def test_what_was_signed_is_what_is_opened(payload: bytes) -> None:
    stored = sign_envelope(payload, TYPE, KEY).to_bytes()
    assert Envelope.parse(stored).to_bytes() == stored
    assert opened(stored) == payload


def test_signing_again_gives_the_same_bytes() -> None:
    assert sign_envelope(b"payload", TYPE, KEY).to_bytes() == sign_envelope(b"payload", TYPE, KEY).to_bytes()


def test_every_changed_byte_is_found() -> None:
    stored = sign_envelope(b'{"what":"happened"}', TYPE, KEY).to_bytes()
    for position in range(len(stored)):
        for mask in (0x01, 0x20, 0x80, 0xFF):
            changed = bytearray(stored)
            changed[position] ^= mask
            with pytest.raises(EvidenceError):
                opened(bytes(changed))


def test_every_removed_or_added_byte_is_found() -> None:
    stored = sign_envelope(b'{"what":"happened"}', TYPE, KEY).to_bytes()
    for position in range(len(stored)):
        for changed in (
            stored[:position],
            stored[:position] + stored[position + 1 :],
            stored[:position] + b" " + stored[position:],
            stored[:position] + b"A" + stored[position:],
        ):
            with pytest.raises(EvidenceError):
                opened(changed)
    with pytest.raises(MalformedEvidence):
        opened(stored + b"\n")


def test_key_that_is_not_pinned_is_named() -> None:
    envelope = sign_envelope(b"x", TYPE, OTHER)
    with pytest.raises(KeyNotPinned) as caught:
        verify_envelope(envelope, [KEY.public], what="receipt.dsse.json")
    assert (caught.value.what, caught.value.key_id) == ("receipt.dsse.json", OTHER.key_id)
    assert caught.value.pinned == (KEY.key_id,)
    with pytest.raises(KeyNotPinned):
        verify_envelope(envelope, [])


def test_signature_under_a_pinned_name_by_another_key_is_refused() -> None:
    forged = Envelope(TYPE, b"x", (EnvelopeSignature(KEY.key_id, OTHER.sign(pae(TYPE, b"x"))),))
    with pytest.raises(SignatureInvalid):
        verify_envelope(forged, [KEY.public, OTHER.public])


def test_every_signature_has_to_hold() -> None:
    message = pae(TYPE, b"x")
    good = EnvelopeSignature(KEY.key_id, KEY.sign(message))
    both = Envelope(TYPE, b"x", (good, EnvelopeSignature(OTHER.key_id, OTHER.sign(message))))
    assert verify_envelope(Envelope.parse(both.to_bytes()), [KEY.public, OTHER.public]) == b"x"
    with pytest.raises(KeyNotPinned):
        verify_envelope(both, [KEY.public])
    with pytest.raises(SignatureInvalid):
        verify_envelope(
            Envelope(TYPE, b"x", (good, EnvelopeSignature(OTHER.key_id, bytes(64)))), [KEY.public, OTHER.public]
        )
    with pytest.raises(MalformedEvidence, match="no signature"):
        verify_envelope(Envelope(TYPE, b"x", ()), [KEY.public])


def test_one_kind_of_document_never_passes_for_another() -> None:
    with pytest.raises(MalformedEvidence, match="payloadType"):
        verify_envelope(sign_envelope(b"x", "application/other", KEY), [KEY.public], TYPE)


def change(**members: object) -> Callable[[dict], dict]:  # type: ignore[type-arg]
    return lambda form: {**form, **members}


def change_signature(**members: object) -> Callable[[dict], dict]:  # type: ignore[type-arg]
    return lambda form: {**form, "signatures": [{**form["signatures"][0], **members}]}


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (change(signatures=[]), "0 signatures"),
        (change(signatures={}), "not an array"),
        (lambda form: {**form, "signatures": form["signatures"] * 2}, "two signatures by one key"),
        (change(signatures=["x"]), "not a JSON object"),
        (change(extra=1), "unknown member 'extra'"),
        (lambda form: {"payload": form["payload"], "payloadType": TYPE}, "'signatures' is missing"),
        (change(payload=1), "payload: not a string"),
        (change(payload="eA"), "not base64"),
        (change(payload="eB=="), "canonical spelling"),
        (change(payload="e A=="), "not base64"),
        (change(payload="e-A="), "not base64"),
        (change(payloadType=""), "media type"),
        (change(payloadType="application/\u00e9"), "media type"),
        (change_signature(sig=encode_base64(bytes(63))), "63 bytes"),
        (change_signature(keyid="abc"), "keyid"),
        (change_signature(keyid=KEY.key_id.upper()), "keyid"),
        (change_signature(cert="x"), "unknown member 'cert'"),
    ],
)
def test_envelope_in_another_form_is_refused(edit: Callable[[dict], dict], reason: str) -> None:  # type: ignore[type-arg]
    stored = canonical_json(edit(form_of(sign_envelope(b"x", TYPE, KEY))))
    with pytest.raises(MalformedEvidence, match=reason):
        Envelope.parse(stored)


@pytest.mark.parametrize("document", [b"", b"[]", b"null", b'{"payload":"","payload":""}', b"\xff"])
def test_what_is_no_envelope_is_refused(document: bytes) -> None:
    with pytest.raises(MalformedEvidence, match=r"m\.dsse\.json"):
        Envelope.parse(document, "m.dsse.json")


@given(st.binary(max_size=40))
def test_base64_has_one_spelling(data: bytes) -> None:
    text = encode_base64(data)
    assert decode_base64(text, "x") == data
    for other in (text + "\n", text + "=", text.rstrip("=") if "=" in text else text + "A", " " + text):
        with pytest.raises(MalformedEvidence):
            decode_base64(other, "x")


def test_openssl_verifies_the_signature(tmp_path: Path) -> None:
    envelope = sign_envelope('{"名":"值"}'.encode(), TYPE, KEY)
    (tmp_path / "key.pem").write_bytes(KEY.public.pem)
    (tmp_path / "signature").write_bytes(envelope.signatures[0].signature)
    verify = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", tmp_path / "key.pem"]
    for message, exit_status in ((envelope.pae(), 0), (envelope.pae() + b" ", 1)):
        (tmp_path / "pae").write_bytes(message)
        command = [*verify, "-in", tmp_path / "pae", "-sigfile", tmp_path / "signature"]
        assert subprocess.run(command, capture_output=True, check=False).returncode == exit_status


def peer_key(key: SigningKey) -> SSlibKey:
    return SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(key.public.raw), keyid=key.key_id)


def test_securesystemslib_verifies_our_envelope() -> None:
    stored = sign_envelope(b'{"a":1}', TYPE, KEY).to_bytes()
    envelope = peer.Envelope.from_dict(json.loads(stored))
    assert set(envelope.verify([peer_key(KEY)], 1)) == {KEY.key_id}
    assert envelope.payload == b'{"a":1}'
    changed = peer.Envelope.from_dict({**json.loads(stored), "payload": encode_base64(b'{"a":2}')})
    with pytest.raises(peer_exceptions.VerificationError):
        changed.verify([peer_key(KEY)], 1)


def test_we_verify_an_envelope_of_securesystemslib() -> None:
    envelope = peer.Envelope(b"payload", TYPE, {})
    envelope.sign(CryptoSigner(KEY._private, peer_key(KEY)))
    assert opened(canonical_json(envelope.to_dict())) == b"payload"
