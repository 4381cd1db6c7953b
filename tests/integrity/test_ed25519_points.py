"""Keys that were made are let in, and none of the points under which anybody can sign, in whatever encoding."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from integrity.ed25519_points import is_sound_public_key

P = 2**255 - 19
ORDER_8 = (
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
)


def encoded(y: int, x_is_odd: int = 0) -> bytes:
    return (y | x_is_odd << 255).to_bytes(32, "little")


SMALL = [encoded(y, sign) for y in (0, 1, P - 1, P, P + 1) for sign in (0, 1)]
SMALL += [bytes(raw[:31]) + bytes([raw[31] | sign]) for raw in ORDER_8 for sign in (0, 0x80)]


def is_signed_by_nobody(raw: bytes) -> bool:
    """S = 0 and R one of two points that everybody knows: whether one of some messages has such a signature."""
    key = Ed25519PublicKey.from_public_bytes(raw)
    for number in range(64):
        for r in (encoded(1), *ORDER_8, encoded(P - 1)):
            try:
                key.verify(r + bytes(32), b"%d" % number)
            except InvalidSignature:
                continue
            return True
    return False


@pytest.mark.parametrize("raw", SMALL, ids=lambda raw: raw.hex()[:8] + raw.hex()[-2:])
def test_a_point_of_small_order_is_no_key(raw: bytes) -> None:
    assert not is_sound_public_key(raw)


def test_such_a_point_is_one_under_which_nobody_can_sign_for_real() -> None:
    assert any(is_signed_by_nobody(raw) for raw in SMALL)
    assert not is_signed_by_nobody(Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw())


def test_whatever_was_made_as_a_key_is_one() -> None:
    for number in range(200):
        secret = hashlib.sha256(b"%d" % number).digest()
        assert is_sound_public_key(Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw())


def test_what_is_no_point_of_the_curve_is_no_key() -> None:
    sound = sum(is_sound_public_key(hashlib.sha256(b"%d" % number).digest()) for number in range(400))
    assert 120 < sound < 280, "about half of all numbers are"
