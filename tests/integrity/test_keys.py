from __future__ import annotations

import os
import stat
import subprocess
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from integrity import keys
from integrity.errors import KeyFileExists, KeyFileUnreadable, KeyFileUnsafe, MalformedEvidence, SignatureInvalid
from integrity.keys import (
    PublicKey,
    SigningKey,
    create_signing_key,
    load_public_key,
    load_signing_key,
    read_secret_file,
    write_secret_file,
)

# RFC 8032 section 7.1, test 2.
RFC_SEED = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
RFC_PUBLIC = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
RFC_SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


def rfc_key() -> SigningKey:
    return SigningKey(keys.Ed25519PrivateKey.from_private_bytes(RFC_SEED))


def test_signature_is_that_of_the_rfc() -> None:
    key = rfc_key()
    assert key.public.raw == RFC_PUBLIC
    assert key.sign(b"\x72") == RFC_SIGNATURE
    key.public.verify(RFC_SIGNATURE, b"\x72", "message")


def test_changed_message_or_signature_is_refused() -> None:
    public = PublicKey(RFC_PUBLIC)
    for signature, message in ((RFC_SIGNATURE, b"\x73"), (RFC_SIGNATURE[:-1], b"\x72"), (bytes(64), b"\x72")):
        with pytest.raises(SignatureInvalid) as caught:
            public.verify(signature, message, "the message")
        assert (caught.value.what, caught.value.key_id) == ("the message", public.key_id)


def test_created_key_is_private_whole_and_loads_again(tmp_path: Path) -> None:
    key = create_signing_key(tmp_path / "manifest.pem")
    assert stat.S_IMODE((tmp_path / "manifest.pem").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.pem"]
    assert load_signing_key(tmp_path / "manifest.pem").key_id == key.key_id


def test_created_key_is_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        create_signing_key(tmp_path / "k.pem")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "k.pem").stat().st_mode) == 0o600


def test_key_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "k.pem"
    create_signing_key(path)
    content = path.read_bytes()
    with pytest.raises(KeyFileExists, match="never written over"):
        create_signing_key(path)
    assert path.read_bytes() == content
    assert [each.name for each in tmp_path.iterdir()] == ["k.pem"]


def test_key_is_not_written_through_a_dangling_link(tmp_path: Path) -> None:
    (tmp_path / "k.pem").symlink_to(tmp_path / "elsewhere.pem")
    with pytest.raises(KeyFileExists):
        create_signing_key(tmp_path / "k.pem")
    assert not (tmp_path / "elsewhere.pem").exists()


def test_of_many_writers_one_wins_and_its_key_is_whole(tmp_path: Path) -> None:
    path, won, lost = tmp_path / "k.pem", [], []

    def create() -> None:
        try:
            won.append(create_signing_key(path).key_id)
        except KeyFileExists:
            lost.append(1)

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 7)
    assert load_signing_key(path).key_id == won[0]


@pytest.mark.parametrize("call", ["write", "fsync", "link"])
def test_failure_before_the_name_leaves_no_key_and_can_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "k.pem"
    with monkeypatch.context() as broken:
        if call == "write":
            broken.setattr(keys.os, "fdopen", fail)
        else:
            broken.setattr(keys.os, call, fail)
        with pytest.raises(OSError, match="No space"):
            create_signing_key(path)
    assert list(tmp_path.iterdir()) == []
    create_signing_key(path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o666])
def test_key_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "k.pem"
    create_signing_key(path)
    path.chmod(mode)
    with pytest.raises(KeyFileUnsafe) as caught:
        load_signing_key(path)
    assert f"{mode:04o}" in str(caught.value)
    assert f"chmod 600 {path}" in str(caught.value)


def test_missing_key_names_its_path(tmp_path: Path) -> None:
    with pytest.raises(KeyFileUnreadable, match=f"{tmp_path}/none.pem.*No such file"):
        load_signing_key(tmp_path / "none.pem")
    with pytest.raises(KeyFileUnreadable, match="No such file"):
        load_public_key(tmp_path / "none.pem")


@pytest.mark.parametrize("kind", ["folder", "fifo"])
def test_what_is_no_plain_file_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "k.pem"
    path.mkdir() if kind == "folder" else os.mkfifo(path, 0o600)
    with pytest.raises(KeyFileUnreadable):
        read_secret_file(path)


@pytest.mark.parametrize(
    "content", [b"", b"not a key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_file_without_a_key_is_refused(tmp_path: Path, content: bytes) -> None:
    write_secret_file(tmp_path / "k.pem", content)
    with pytest.raises(KeyFileUnreadable, match=r"k\.pem"):
        load_signing_key(tmp_path / "k.pem")


def test_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_secret_file(tmp_path / "k.pem", pem)
    with pytest.raises(KeyFileUnreadable, match="not an Ed25519"):
        load_signing_key(tmp_path / "k.pem")
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    with pytest.raises(MalformedEvidence, match="not an Ed25519"):
        load_public_key(public)


def test_public_key_is_read_from_pem_der_raw_and_file(tmp_path: Path) -> None:
    key = rfc_key().public
    (tmp_path / "k.pub.pem").write_bytes(key.pem.replace(b"\n", b"\r\n"))
    for source in (key.pem, key.spki, key.raw, tmp_path / "k.pub.pem"):
        assert load_public_key(source) == key


@pytest.mark.parametrize(
    "change",
    [
        lambda key: key.pem + key.pem,
        lambda key: b"trust me\n" + key.pem,
        lambda key: key.spki + b"\0",
        lambda key: key.raw[:31],
        lambda key: b"",
        lambda key: key.pem.replace(b"MCow", b"MCoW"),
    ],
)
def test_anything_beside_one_public_key_is_refused(change) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(MalformedEvidence):
        load_public_key(change(rfc_key().public))


def test_printed_key_shows_its_id_and_no_secret() -> None:
    assert repr(rfc_key()) == f"SigningKey({rfc_key().key_id})"


def test_openssl_reads_the_key_and_gives_the_same_id(tmp_path: Path) -> None:
    key = create_signing_key(tmp_path / "k.pem")
    der = subprocess.run(
        ["openssl", "pkey", "-in", tmp_path / "k.pem", "-pubout", "-outform", "DER"], capture_output=True, check=True
    ).stdout
    assert der == key.public.spki
    digest = subprocess.run(["sha256sum"], input=der, capture_output=True, check=True).stdout
    assert digest.split()[0].decode() == key.key_id
