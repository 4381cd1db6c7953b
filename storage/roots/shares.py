"""A secret in n shares, of which any k give it back and k - 1 say nothing of it (Shamir, 1979), as people type them.

Each byte of the secret is the constant of a random polynomial of degree k - 1 over GF(2^8); share number x has its
values at x. On paper a share is 43 bytes in Crockford's base32, in groups of five after the mark LH1:

    recovery id 4 ‖ threshold 1 ‖ number 1 ‖ values 32 ‖ SHA-256 of all before, its first 5 bytes

Case, spaces and dashes do not count, and O is read as 0, I and L as 1.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from storage.key_errors import ShareDamaged, SharesDiffer, SharesTooFew
from storage.roots.field import evaluate, interpolate

SECRET_BYTES = 32
MOST_SHARES = 50
LEAST_THRESHOLD = 2
MARK = "LH1"
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ID_BYTES, _CHECK_BYTES = 4, 5
_SHARE_BYTES = _ID_BYTES + 2 + SECRET_BYTES + _CHECK_BYTES
_CHARACTERS = -(-_SHARE_BYTES * 8 // 5)
_GROUP = 5
_GROUPS_A_LINE = 7
_TYPED = str.maketrans("OIL", "011", " \t\r\n-‐–—_.")


@dataclass(frozen=True, slots=True)
class Share:
    """`recovery_id`: 8 hex digits, of the key that it is a share of. `number` from 1 on."""

    recovery_id: str
    threshold: int
    number: int
    values: bytes = field(repr=False)

    def text(self) -> str:
        """Two lines to be typed."""
        content = bytes.fromhex(self.recovery_id) + bytes([self.threshold, self.number]) + self.values
        spelled = _encode(content + _check(content))
        groups = [spelled[start : start + _GROUP] for start in range(0, len(spelled), _GROUP)]
        return f"{MARK}-" + "-".join(groups[:_GROUPS_A_LINE]) + "\n    " + "-".join(groups[_GROUPS_A_LINE:])


def split_secret(secret: bytes, recovery_id: str, threshold: int, count: int) -> tuple[Share, ...]:
    """Raises ValueError for numbers that make no sense."""
    if len(secret) != SECRET_BYTES or not LEAST_THRESHOLD <= threshold <= count <= MOST_SHARES:
        raise ValueError(f"{threshold} of {count}: at least {LEAST_THRESHOLD}, at most {MOST_SHARES}")
    polynomials = [(byte, *secrets.token_bytes(threshold - 1)) for byte in secret]
    return tuple(
        Share(recovery_id, threshold, number, bytes(evaluate(each, number) for each in polynomials))
        for number in range(1, count + 1)
    )


def read_shares(text: str) -> tuple[Share, ...]:
    """Every share in what was typed or scanned; what stands between shares does not count. Each only once.

    Raises ShareDamaged with its place, counted from one.
    """
    found = [_read(typed, place) for place, typed in enumerate(_typed_shares(text), 1)]
    return tuple(dict.fromkeys(found))


def recombine(shares: Sequence[Share], recovery_id: str) -> bytes:
    """The secret. Raises SharesDiffer for those of another key, SharesTooFew."""
    strangers = [each for each in shares if each.recovery_id != recovery_id]
    if strangers:
        raise SharesDiffer(recovery_id, tuple(f"{each.recovery_id}/{each.number}" for each in strangers))
    _require_one_of_each(shares, recovery_id)
    wanted = max((each.threshold for each in shares), default=LEAST_THRESHOLD)
    if len(shares) < wanted:
        raise SharesTooFew(recovery_id, wanted, len(shares))
    used = shares[:wanted]
    points = [(each.number, each.values) for each in used]
    return bytes(interpolate([(x, values[at]) for x, values in points], 0) for at in range(SECRET_BYTES))


def choices(shares: Sequence[Share]) -> Iterator[tuple[Share, ...]]:
    """Every group of shares that suffices, for where one among more than enough does not belong to the others."""
    wanted = max(each.threshold for each in shares)
    yield from combinations(shares, wanted)


def _require_one_of_each(shares: Sequence[Share], recovery_id: str) -> None:
    numbers = [each.number for each in shares]
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    if twice or len({each.threshold for each in shares}) > 1:
        named = twice or sorted(numbers)
        raise SharesDiffer(recovery_id, tuple(f"{recovery_id}/{number}" for number in named))


def _typed_shares(text: str) -> Iterator[str]:
    """From each mark to the next, or to the first empty line."""
    for part in re.split(r"(?im)^[ \t]*LH[1IL]", text)[1:]:
        yield re.split(r"\n[ \t\r]*\n", part)[0]


def _read(typed: str, place: int) -> Share:
    spelled = typed.upper().translate(_TYPED)[:_CHARACTERS]
    if len(spelled) < _CHARACTERS or set(spelled) - set(_ALPHABET):
        raise ShareDamaged(place, None)
    content = _decode(spelled)
    body, check = content[:-_CHECK_BYTES], content[-_CHECK_BYTES:]
    recovery_id, threshold, number = body[:_ID_BYTES].hex(), body[_ID_BYTES], body[_ID_BYTES + 1]
    if check != _check(body):
        raise ShareDamaged(place, number if 0 < number <= MOST_SHARES else None)
    return Share(recovery_id, threshold, number, body[_ID_BYTES + 2 :])


def _check(content: bytes) -> bytes:
    return hashlib.sha256(b"liuhen share" + content).digest()[:_CHECK_BYTES]


def _encode(content: bytes) -> str:
    spare = _CHARACTERS * 5 - len(content) * 8
    number = int.from_bytes(content, "big") << spare
    return "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(_CHARACTERS)))


def _decode(spelled: str) -> bytes:
    """What is spelled with other spare bits than ours fails its check, as any other slip."""
    number = 0
    for character in spelled:
        number = number << 5 | _ALPHABET.index(character)
    spare = _CHARACTERS * 5 - _SHARE_BYTES * 8
    if number & ((1 << spare) - 1):
        return bytes(_SHARE_BYTES)
    return (number >> spare).to_bytes(_SHARE_BYTES, "big")
