"""GF(2^8) with the polynomial x^8 + x^4 + x^3 + x + 1 (FIPS 197, section 4.2): what shares are computed in."""

from __future__ import annotations

from collections.abc import Sequence

_POLYNOMIAL = 0x11B
_GENERATOR = 3


def _tables() -> tuple[list[int], list[int]]:
    """Powers of the generator, twice over, and logarithms."""
    powers, logarithms, value = [0] * 510, [0] * 256, 1
    for exponent in range(255):
        powers[exponent] = powers[exponent + 255] = value
        logarithms[value] = exponent
        value ^= value << 1  # times three
        if value & 0x100:
            value ^= _POLYNOMIAL
    return powers, logarithms


_POWERS, _LOGARITHMS = _tables()


def multiply(left: int, right: int) -> int:
    return _POWERS[_LOGARITHMS[left] + _LOGARITHMS[right]] if left and right else 0


def divide(left: int, right: int) -> int:
    """Raises ZeroDivisionError."""
    if right == 0:
        raise ZeroDivisionError
    return _POWERS[_LOGARITHMS[left] + 255 - _LOGARITHMS[right]] if left else 0


def evaluate(coefficients: Sequence[int], x: int) -> int:
    """The polynomial at `x`; `coefficients` begin with the constant."""
    value = 0
    for coefficient in reversed(coefficients):
        value = multiply(value, x) ^ coefficient
    return value


def interpolate(points: Sequence[tuple[int, int]], x: int) -> int:
    """At `x`, the polynomial of least degree through `points`, whose first members differ (Lagrange)."""
    value = 0
    for number, (at, y) in enumerate(points):
        term = y
        for other, (elsewhere, _) in enumerate(points):
            if other != number:
                term = multiply(term, divide(x ^ elsewhere, at ^ elsewhere))
        value ^= term
    return value
