"""Reading a JSON object against the exact list of its members: none missing, none more, none of another type."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from integrity.canonical import LARGEST_INTEGER, Json
from integrity.digest import Digest, parse_hex
from integrity.errors import MalformedEvidence

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)


class Fields:
    """The members of one object. Every reader raises MalformedEvidence naming the document and the member."""

    def __init__(self, what: str, value: Json, names: Sequence[str]) -> None:
        if not isinstance(value, Mapping):
            raise MalformedEvidence(what, "not a JSON object")
        missing = [name for name in names if name not in value]
        if missing:
            raise MalformedEvidence(what, f"member {missing[0]!r} is missing")
        unknown = sorted(set(value) - set(names))
        if unknown:
            raise MalformedEvidence(what, f"unknown member {unknown[0]!r}")
        self._what = what
        self._values = value

    def value(self, name: str) -> Json:
        """A member of any type."""
        return self._values[name]

    def text(self, name: str) -> str:
        """A string."""
        value = self._values[name]
        if not isinstance(value, str):
            raise self._wrong(name, "not a string")
        return value

    def one_of(self, name: str, allowed: Sequence[str]) -> str:
        """A string out of a closed list."""
        value = self.text(name)
        if value not in allowed:
            raise self._wrong(name, f"{value!r} is none of {', '.join(allowed)}")
        return value

    def constant(self, name: str, expected: Json) -> None:
        """A member that has one value only, such as a version. True is not 1."""
        value = self._values[name]
        if type(value) is not type(expected) or value != expected:
            raise self._wrong(name, f"{value!r} is unknown here, only {expected!r} can be read")

    def count(self, name: str) -> int:
        """An integer from 0 to 2^53 - 1."""
        value = self._values[name]
        if type(value) is not int or not 0 <= value <= LARGEST_INTEGER:
            raise self._wrong(name, "not a whole number from 0 up")
        return value

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self._values[name]
        if not isinstance(value, bool):
            raise self._wrong(name, "neither true nor false")
        return value

    def hex(self, name: str, length_bytes: int) -> bytes:
        """Bytes in lower-case hex, of a fixed length."""
        return parse_hex(self._values[name], f"{self._what}: {name}", length_bytes)

    def digest(self, name: str, algorithm: str) -> Digest:
        """A digest in hex."""
        return Digest.parse(algorithm, self.text(name))

    def uuid(self, name: str) -> UUID:
        """A UUID in its one canonical spelling."""
        return parse_uuid(self.text(name), f"{self._what}: {name}")

    def instant(self, name: str) -> datetime:
        """A UTC time in the one spelling `format_instant` writes."""
        return parse_instant(self.text(name), f"{self._what}: {name}")

    def items(self, name: str) -> Sequence[Json]:
        """An array."""
        value = self._values[name]
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise self._wrong(name, "not an array")
        return value

    def nested(self, name: str, names: Sequence[str]) -> Fields:
        """An object whose members are known."""
        return Fields(f"{self._what}: {name}", self._values[name], names)

    def mapping(self, name: str) -> Mapping[str, Json]:
        """An object whose members are free."""
        value = self._values[name]
        if not isinstance(value, Mapping):
            raise self._wrong(name, "not an object")
        return value

    def _wrong(self, name: str, reason: str) -> MalformedEvidence:
        return MalformedEvidence(self._what, f"{name}: {reason}")


def format_instant(instant: datetime) -> str:
    """UTC to the microsecond, always 27 characters: 2026-01-01T01:30:00.000000Z. Raises ValueError for a naive time."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant!r} has no time zone; evidence is dated in UTC")
    return instant.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def parse_instant(text: str, what: str) -> datetime:
    """The time that `format_instant` wrote so. Raises MalformedEvidence for any other spelling."""
    if not _INSTANT.fullmatch(text):
        raise MalformedEvidence(what, f"{text!r} is not a UTC time like 2026-01-01T01:30:00.000000Z")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise MalformedEvidence(what, f"{text!r} is no time: {error}") from error


def parse_uuid(text: str, what: str) -> UUID:
    """The UUID in lower-case hex with its four hyphens; any other spelling raises MalformedEvidence."""
    try:
        value = UUID(text)
    except ValueError as error:
        raise MalformedEvidence(what, f"{text!r} is not a UUID") from error
    if str(value) != text:
        raise MalformedEvidence(what, f"{text!r} is not a UUID in its canonical spelling")
    return value


def optional_text(value: Json, what: str) -> str | None:
    """A string or null."""
    if value is not None and not isinstance(value, str):
        raise MalformedEvidence(what, "neither a string nor null")
    return value
