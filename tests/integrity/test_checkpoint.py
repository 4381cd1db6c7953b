from __future__ import annotations

import base64
import hashlib
import subprocess
from pathlib import Path

import pytest

from integrity import keys
from integrity.checkpoint import (
    Checkpoint,
    Vkey,
    encode_vkey,
    open_checkpoint,
    parse_note,
    parse_vkey,
    sign_checkpoint,
)
from integrity.errors import CheckpointInvalid, EvidenceError, MalformedEvidence, SignatureInvalid
from integrity.keys import SigningKey
from integrity.merkle import EMPTY_ROOT

ORIGIN = "archive.example/ledger"
KEY = SigningKey(keys.Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
OTHER = SigningKey(keys.Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))))
VKEY = encode_vkey(ORIGIN, KEY.public)
CHECKPOINT = Checkpoint(ORIGIN, 70_000, hashlib.sha256(b"root").digest())
NOTE = sign_checkpoint(CHECKPOINT, KEY)

# A note and key that x/mod/sumdb/note carries in its own documentation.
PEER_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PEER_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PEER_SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="


def signed(text: str, key: SigningKey = KEY, name: str = ORIGIN) -> bytes:
    """A note over any text, well signed."""
    content = Vkey(name, key.public).key_hash + key.sign(text.encode())
    return f"{text}\n— {name} {base64.b64encode(content).decode()}\n".encode()


def test_note_is_laid_out_to_the_byte() -> None:
    lines = NOTE.decode().split("\n")
    assert lines[:4] == [ORIGIN, "70000", base64.b64encode(CHECKPOINT.root).decode(), ""]
    assert lines[5:] == [""]
    dash, name, encoded = lines[4].split(" ")
    content = base64.b64decode(encoded)
    key_id = hashlib.sha256(ORIGIN.encode() + b"\x0a\x01" + KEY.public.raw).digest()[:4]
    assert (dash, name, content[:4]) == ("\u2014", ORIGIN, key_id)
    assert content[4:] == KEY.sign(NOTE.split(b"\n\n")[0] + b"\n")


def test_vkey_is_name_key_id_and_typed_key() -> None:
    name, key_id, encoded = VKEY.split("+", 2)
    assert name == ORIGIN
    assert base64.b64decode(encoded) == b"\x01" + KEY.public.raw
    assert key_id == hashlib.sha256(ORIGIN.encode() + b"\n\x01" + KEY.public.raw).hexdigest()[:8]
    assert parse_vkey(VKEY) == Vkey(ORIGIN, KEY.public)


def test_keys_and_signatures_of_go_are_understood() -> None:
    vkey = parse_vkey(PEER_VKEY)
    content = base64.b64decode(PEER_SIGNATURE)
    assert content[:4] == vkey.key_hash
    vkey.public.verify(content[4:], PEER_TEXT.encode(), "note")


def test_signed_checkpoint_opens_and_is_the_same_each_time() -> None:
    assert open_checkpoint(NOTE, VKEY) == CHECKPOINT
    assert sign_checkpoint(CHECKPOINT, KEY) == NOTE


def test_empty_ledger_has_a_checkpoint() -> None:
    empty = Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    assert open_checkpoint(sign_checkpoint(empty, KEY), VKEY) == empty
    with pytest.raises(MalformedEvidence, match="empty ledger"):
        Checkpoint(ORIGIN, 0, bytes(32))


def test_every_changed_byte_is_found() -> None:
    for position in range(len(NOTE)):
        for mask in (0x01, 0x20, 0x80, 0xFF):
            changed = bytearray(NOTE)
            changed[position] ^= mask
            with pytest.raises(EvidenceError):
                open_checkpoint(bytes(changed), VKEY)


def test_every_removed_or_added_byte_is_found() -> None:
    for position in range(len(NOTE)):
        for changed in (
            NOTE[:position],
            NOTE[:position] + NOTE[position + 1 :],
            NOTE[:position] + b"0" + NOTE[position:],
            NOTE[:position] + b"\n" + NOTE[position:],
        ):
            with pytest.raises(EvidenceError):
                open_checkpoint(changed, VKEY)


def test_witness_signatures_are_passed_over_and_cannot_stand_in() -> None:
    witness = Vkey("witness.example", OTHER.public)
    cosignature = witness.key_hash + bytes(8) + OTHER.sign(CHECKPOINT.text().encode())
    line = f"— witness.example {base64.b64encode(cosignature).decode()}\n".encode()
    assert open_checkpoint(NOTE + line, VKEY) == CHECKPOINT
    with pytest.raises(CheckpointInvalid, match="no signature by the ledger's key"):
        open_checkpoint(CHECKPOINT.text().encode() + b"\n" + line, VKEY)


def test_another_ledgers_checkpoint_is_refused() -> None:
    other = Checkpoint("archive.example/other", 3, bytes(32))
    with pytest.raises(CheckpointInvalid, match=r"the pinned key is for archive.example/ledger"):
        open_checkpoint(sign_checkpoint(other, KEY), VKEY)
    # Signed by our key under our name, over a text of another origin.
    with pytest.raises(CheckpointInvalid):
        open_checkpoint(signed(other.text()), VKEY)


def test_another_key_under_the_same_name_is_refused() -> None:
    with pytest.raises(CheckpointInvalid, match="no signature"):
        open_checkpoint(sign_checkpoint(CHECKPOINT, OTHER), VKEY)


def test_a_good_signature_does_not_excuse_a_bad_one() -> None:
    bad = Vkey(ORIGIN, KEY.public).key_hash + bytes(64)
    line = f"— {ORIGIN} {base64.b64encode(bad).decode()}\n".encode()
    with pytest.raises(SignatureInvalid):
        open_checkpoint(NOTE + line, VKEY)
    short = f"— {ORIGIN} {base64.b64encode(bad[:-1]).decode()}\n".encode()
    with pytest.raises(MalformedEvidence, match="63 bytes"):
        open_checkpoint(NOTE + short, VKEY)


ROOT = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    [
        f"{ORIGIN}\n007\n{ROOT}\n",
        f"{ORIGIN}\n+7\n{ROOT}\n",
        f"{ORIGIN}\n-1\n{ROOT}\n",
        f"{ORIGIN}\n７\n{ROOT}\n",
        f"{ORIGIN}\n9223372036854775808\n{ROOT}\n",
        f"{ORIGIN}\n{'9' * 5000}\n{ROOT}\n",
        f"{ORIGIN}\n7\n{ROOT[:-2]}\n",
        f"{ORIGIN}\n7\n{base64.b64encode(bytes(31)).decode()}\n",
        f"{ORIGIN}\n7\n{ROOT[:-2]}B=\n",
        f"{ORIGIN}\n7\n{ROOT}\nextension\n",
        f"{ORIGIN}\n7\n",
        f"\n7\n{ROOT}\n",
        f"two words\n7\n{ROOT}\n",
        f"{ORIGIN}\r\n7\r\n{ROOT}\r\n",
        "",
        "\n\n",
    ],
)
def test_text_in_another_form_is_refused_although_well_signed(text: str) -> None:
    with pytest.raises(MalformedEvidence):
        open_checkpoint(signed(text), VKEY)


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"\n",
        b"\n\n",
        b"\xff",
        NOTE[:-1],
        NOTE + b"\n",
        NOTE + b"garbage\n",
        NOTE.replace("—".encode(), b"--"),
        NOTE.replace(b"\n", b"\r\n"),
        NOTE + "— a AAAA\n".encode() * 100,
        CHECKPOINT.text().encode() + "\n— archive.example/ledger AAA=\n".encode(),
    ],
)
def test_what_is_no_note_is_refused(note: bytes) -> None:
    with pytest.raises(MalformedEvidence, match="checkpoint"):
        parse_note(note)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+00000000",
        VKEY.replace("archive", "Archive"),
        VKEY[:-1],
        VKEY + "=",
        VKEY.upper(),
        f"{ORIGIN}+{Vkey(ORIGIN, KEY.public).key_hash.hex()}+{base64.b64encode(b'x' + KEY.public.raw).decode()}",
        f"{ORIGIN}+00000000+{base64.b64encode(bytes([1]) + KEY.public.raw[:-1]).decode()}",
        f"a b+00000000+{base64.b64encode(bytes([1]) + KEY.public.raw).decode()}",
        f"+00000000+{base64.b64encode(bytes([1]) + KEY.public.raw).decode()}",
    ],
)
def test_what_is_no_vkey_is_refused(text: str) -> None:
    with pytest.raises(MalformedEvidence):
        parse_vkey(text)


def test_every_changed_character_of_a_vkey_is_found() -> None:
    for position, character in enumerate(VKEY):
        changed = VKEY[:position] + ("b" if character == "a" else "a") + VKEY[position + 1 :]
        with pytest.raises(MalformedEvidence):
            parse_vkey(changed)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u00a0b", "a\x00"])
def test_names_that_would_break_the_line_are_refused(name: str) -> None:
    with pytest.raises(MalformedEvidence):
        encode_vkey(name, KEY.public)
    with pytest.raises(MalformedEvidence):
        Checkpoint(name, 1, bytes(32))


def test_openssl_verifies_a_checkpoint(tmp_path: Path) -> None:
    text, _, signature_line = NOTE.partition(b"\n\n")
    signature = base64.b64decode(signature_line.split(b" ")[2])[4:]
    # A raw key from the vkey becomes one that openssl reads by putting the fixed header before it.
    raw = base64.b64decode(VKEY.split("+", 2)[2])[1:]
    (tmp_path / "key.der").write_bytes(bytes.fromhex("302a300506032b6570032100") + raw)
    (tmp_path / "signature").write_bytes(signature)
    verify = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", tmp_path / "key.der"]
    for content, exit_status in ((text + b"\n", 0), (text, 1)):
        (tmp_path / "text").write_bytes(content)
        command = [*verify, "-in", tmp_path / "text", "-sigfile", tmp_path / "signature"]
        assert subprocess.run(command, capture_output=True, check=False).returncode == exit_status
