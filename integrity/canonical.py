"""JSON with one spelling for one value (RFC 8785), and a reader that lets nothing ambiguous through.

What is signed or hashed is written once by `canonical_json` and stored verbatim; `parse_canonical` accepts only bytes
that `canonical_json` could have written, so no byte of a stored document can change without being found.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, TypeAlias, cast

import rfc8785

from integrity.errors import MalformedEvidence

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"

# Beyond it a reader in another language may round: RFC 8785 section 3.2.2.3, RFC 7493 section 2.2.
LARGEST_INTEGER = 2**53 - 1

_ENCODER = json.JSONEncoder(ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":"))


def canonical_json(value: Json, what: str = "JSON document") -> bytes:
    """The RFC 8785 form of `value`.

    Raises MalformedEvidence for what has none: NaN, numbers over 2^53 - 1, lone surrogates.
    """
    try:
        if _has_one_spelling(value):
            return _ENCODER.encode(value).encode("utf-8")
        return rfc8785.dumps(_plain(value))
    except (ValueError, RecursionError) as error:
        raise MalformedEvidence(what, f"no canonical form: {error}") from error


def parse_strict(data: bytes, what: str = "JSON document") -> Json:
    """The value of one UTF-8 JSON document, in any spelling.

    Raises MalformedEvidence for a repeated key, NaN, infinities, numbers over 2^53 - 1, lone surrogates, a byte order
    mark, bytes after the document, and nesting too deep to read.
    """
    try:
        text = bytes(data).decode("utf-8")
        value = json.loads(
            text,
            object_pairs_hook=_unique_keys,
            parse_constant=_refuse_constant,
            parse_int=_safe_integer,
            parse_float=_finite_float,
        )
        # json.loads lets "\ud800" through; it has no UTF-8 form, and readers disagree on what it means.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise MalformedEvidence(what, f"not strict JSON: {error}") from error
    return cast(Json, value)


def parse_canonical(data: bytes, what: str = "JSON document") -> Json:
    """The value of a document that must be spelled exactly as `canonical_json` spells it. Raises MalformedEvidence."""
    value = parse_strict(data, what)
    if canonical_json(value, what) != data:
        raise MalformedEvidence(what, "not in canonical form (RFC 8785)")
    return value


def _has_one_spelling(value: Json) -> bool:
    """Whether Python's own encoder writes the canonical form, ten times as fast: no floats, and names in ASCII, which
    sort alike by code points and by UTF-16 units. Escapes in text are the same (RFC 8785 section 3.2.2.2).
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if isinstance(value, int):
        return kind is int and abs(value) <= LARGEST_INTEGER
    if isinstance(value, dict):
        return kind is dict and all(
            type(name) is str and name.isascii() and _has_one_spelling(item) for name, item in value.items()
        )
    return isinstance(value, list | tuple) and all(map(_has_one_spelling, value))


def _plain(value: Json) -> Any:
    """The value out of dicts and lists alone; rfc8785 knows no other mappings."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray | memoryview):
        return [_plain(item) for item in value]
    # A float of 2^53 would be written like an integer of 2^53, which no strict reader takes.
    return _finite(value) if isinstance(value, float) else value


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"key {repeated!r} appears more than once")
    return value


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a JSON number")


def _safe_integer(text: str) -> int:
    number = int(text) if len(text) <= 17 else LARGEST_INTEGER + 1
    if abs(number) > LARGEST_INTEGER:
        raise ValueError(f"number {text[:24]} is outside ±(2^53 - 1)")
    return number


def _finite_float(text: str) -> float:
    return _finite(float(text))


def _finite(number: float) -> float:
    if not abs(number) <= LARGEST_INTEGER:
        raise ValueError(f"number {number} is outside ±(2^53 - 1)")
    return number
