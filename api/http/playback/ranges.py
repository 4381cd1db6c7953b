"""The Range header (RFC 9110, section 14): one span of bytes, or the whole."""

from __future__ import annotations

import re
from dataclasses import dataclass

from api.http.errors import RangeUnsatisfiable

# No object has more digits; Python would refuse to read thousands of them.
_SINGLE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})", re.ASCII)


@dataclass(frozen=True)
class Span:
    """Bytes `first` to `last`, both included, of an object of `size_bytes`."""

    first: int
    last: int
    size_bytes: int
    partial: bool

    @property
    def length(self) -> int:
        return self.last - self.first + 1

    @property
    def content_range(self) -> str:
        return f"bytes {self.first}-{self.last}/{self.size_bytes}"


def parse_range(header: str | None, size_bytes: int) -> Span:
    """The span a request asks for. What is no single range of bytes is ignored, as the RFC allows: then it is all.

    Raises RangeUnsatisfiable for a well-formed range that lies outside the object.
    """
    whole = Span(0, size_bytes - 1, size_bytes, partial=False)
    match = _SINGLE.fullmatch(header.strip()) if header else None
    if match is None or match.groups() == ("", ""):
        return whole
    first_text, last_text = match.groups()
    if not first_text:
        first, last = max(0, size_bytes - int(last_text)), size_bytes - 1
        if int(last_text) == 0:
            raise RangeUnsatisfiable(size_bytes)
    else:
        first, last = int(first_text), int(last_text) if last_text else size_bytes - 1
        if last_text and last < first:
            return whole
    if first >= size_bytes:
        raise RangeUnsatisfiable(size_bytes)
    return Span(first, min(last, size_bytes - 1), size_bytes, partial=True)
