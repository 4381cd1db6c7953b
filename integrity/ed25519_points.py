"""What an Ed25519 public key must not be (RFC 8032, 5.1): a point under which anybody can sign.

Of the curve's points eight have an order that divides 8. Under one of them a signature is worth nothing: somebody
without any secret makes one for every second to eighth message. No key pair that was made as the RFC says has such a
public half, and libraries take one all the same.
"""

from __future__ import annotations

from typing import Final

_P: Final = 2**255 - 19
_D: Final = -121665 * pow(121666, -1, _P) % _P
_SIGN: Final = 1 << 255
"""Of x: either is a point, and both have one order."""


def is_sound_public_key(raw: bytes) -> bool:
    """Whether 32 bytes are a point of the curve in its one encoding, and not of small order."""
    y = int.from_bytes(raw, "little") & (_SIGN - 1)
    if y >= _P:
        return False
    x_square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    # Of order 1 and 2 are those with x = 0, of order 4 those with y = 0. Doubled, one of order 8 has y = 0, which is
    # (y² + x²) / (2 + x² - y²).
    has_small_order = x_square == 0 or y == 0 or (y * y + x_square) % _P == 0
    is_point = pow(x_square, (_P - 1) // 2, _P) == 1
    return is_point and not has_small_order
