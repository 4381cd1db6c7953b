"""A line of keys: whoever knows one of them comes to the others, and to nobody else's."""

from __future__ import annotations

import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from integrity import keys
from integrity.dsse import Envelope, EnvelopeSignature, sign_envelope
from integrity.epoch_keys import EpochKey
from integrity.errors import EvidenceContradiction, EvidenceError, KeyNotPinned, MalformedEvidence
from integrity.keys import SigningKey
from integrity.succession import (
    MOST_BYTES,
    PAYLOAD_TYPE,
    Succession,
    open_line,
    open_succession,
    read_lines,
    sign_succession,
    write_lines,
)

ORIGIN = "test.example/ledger"
KEYS = [SigningKey(keys.Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)) for number in range(1, 5)]
THIEF = SigningKey(keys.Ed25519PrivateKey.from_private_bytes(bytes(32)))


def line_of(signers: list[SigningKey], purpose: str = "receipt", origin: str = ORIGIN) -> list[bytes]:
    return [
        sign_succession(origin, purpose, epoch, former, following).to_bytes()
        for epoch, (former, following) in enumerate(pairwise(signers), 2)
    ]


def signed_by(said: Succession, *signers: SigningKey) -> bytes:
    payload = said.to_bytes()
    signatures = [sign_envelope(payload, PAYLOAD_TYPE, each).signatures[0] for each in signers]
    return Envelope(PAYLOAD_TYPE, payload, tuple(signatures)).to_bytes()


def said(former: SigningKey, following: SigningKey, epoch: int = 2) -> Succession:
    return Succession(origin=ORIGIN, purpose="receipt", epoch=epoch, former=former.public, following=following.public)


def test_a_line_gives_every_key_with_its_epoch() -> None:
    expected = tuple(EpochKey(epoch, each.public) for epoch, each in enumerate(KEYS, 1))
    assert open_line(line_of(KEYS), ORIGIN, "receipt") == expected
    assert open_line(line_of(KEYS), None, "receipt") == expected
    assert open_line([], ORIGIN, "receipt") == ()


def test_one_key_alone_neither_names_its_successor_nor_claims_a_predecessor() -> None:
    for signers in ((KEYS[0],), (THIEF,)):
        with pytest.raises(MalformedEvidence):
            open_succession(signed_by(said(KEYS[0], THIEF), *signers))
    with pytest.raises(MalformedEvidence):
        open_succession(signed_by(said(KEYS[0], KEYS[1]), KEYS[1], KEYS[0]))
    with pytest.raises(KeyNotPinned):
        open_succession(signed_by(said(KEYS[0], KEYS[1]), KEYS[0], THIEF))


def test_a_signature_of_the_right_name_and_another_key_is_found() -> None:
    payload = said(KEYS[0], THIEF).to_bytes()
    true = sign_envelope(payload, PAYLOAD_TYPE, THIEF).signatures[0]
    posing = EnvelopeSignature(KEYS[0].key_id, true.signature)
    with pytest.raises(EvidenceError):
        open_succession(Envelope(PAYLOAD_TYPE, payload, (posing, true)).to_bytes())


@pytest.mark.parametrize(
    "line",
    [
        line_of(KEYS)[1:],
        [*line_of(KEYS)[:1], *line_of(KEYS)[2:]],
        line_of(KEYS)[::-1],
        line_of(KEYS[:2], purpose="manifest"),
        line_of(KEYS[:2], origin="other.example/ledger"),
        [*line_of(KEYS[:2]), signed_by(said(THIEF, KEYS[2], 3), THIEF, KEYS[2])],
    ],
    ids=["beginning missing", "gap", "reversed", "purpose", "archive", "another's"],
)
def test_what_is_no_line_is_refused(line: list[bytes]) -> None:
    with pytest.raises(EvidenceContradiction):
        open_line(line, ORIGIN, "receipt")


def test_a_key_comes_once_in_a_line() -> None:
    with pytest.raises(MalformedEvidence):
        open_succession(signed_by(said(KEYS[0], KEYS[0]), KEYS[0]))
    with pytest.raises(MalformedEvidence):
        open_line(line_of([KEYS[0], KEYS[1], KEYS[0]]), ORIGIN, "receipt")


def test_every_flipped_byte_of_a_succession_is_found() -> None:
    (envelope,) = line_of(KEYS[:2])
    for position in range(len(envelope)):
        changed = bytearray(envelope)
        changed[position] ^= 1
        with pytest.raises(EvidenceError):
            open_succession(bytes(changed))


def test_lines_are_read_as_they_were_written() -> None:
    line = tuple(line_of(KEYS))
    assert read_lines(write_lines(line)) == line
    assert read_lines(b"") == ()
    for wrong in (write_lines(line)[:-1], b"x" * MOST_BYTES + b"\n"):
        with pytest.raises(MalformedEvidence):
            read_lines(wrong)


def test_openssl_checks_both_signatures(tmp_path: Path) -> None:
    """As docs/formats/succession.md says it."""
    envelope = Envelope.parse(line_of(KEYS[:2])[0])
    (tmp_path / "pae").write_bytes(envelope.pae())
    for key, each in zip(KEYS, envelope.signatures, strict=False):
        (tmp_path / "key.pem").write_bytes(key.public.pem)
        (tmp_path / "signature").write_bytes(each.signature)
        words = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", "key.pem", "-in", "pae"]
        done = subprocess.run([*words, "-sigfile", "signature"], cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
