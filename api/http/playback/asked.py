"""What a request wants of footage, by its headers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fastapi import Request

from api.http.errors import RangeUnsatisfiable
from api.http.playback.ranges import Span, parse_range
from api.http.playback.stored import Footage

_ANY_SIZE_BYTES: Final = 1 << 62


@dataclass(frozen=True)
class Asked:
    """What a request wants of an object, by its headers."""

    headers_only: bool
    range: str | None
    if_range: str | None
    if_none_match: str | None

    @classmethod
    def of(cls, request: Request) -> Asked:
        headers = request.headers
        return cls(
            request.method == "HEAD", headers.get("range"), headers.get("if-range"), headers.get("if-none-match")
        )

    def first_byte(self) -> int | None:
        """Where the bytes begin that are asked for, as far as that shows before their object is known."""
        try:
            return None if self.headers_only else parse_range(self.range, _ANY_SIZE_BYTES).first
        except RangeUnsatisfiable:
            return None

    def span(self, footage: Footage) -> Span:
        """Raises RangeUnsatisfiable. A range of another version of the object counts as none (RFC 9110, 13.1.5)."""
        is_same = self.if_range is None or self.if_range.strip() == footage.etag
        return parse_range(self.range if is_same else None, footage.size_bytes)

    def quick_span(self, footage: Footage) -> Span | None:
        """The span of bytes that are to be sent; None where none are, or not before a closer look."""
        if self.is_known(footage):
            return None
        try:
            return self.span(footage)
        except RangeUnsatisfiable:
            return None

    def is_known(self, footage: Footage) -> bool:
        """Whether the client says that it has this very object (RFC 9110, 13.1.2)."""
        known = [tag.strip().removeprefix("W/") for tag in (self.if_none_match or "").split(",")]
        return footage.etag in known or known == ["*"]
