"""Trace ids in the form of W3C Trace Context.

The trace of an upload has the upload's id: every process that works on it knows the trace without being told, and logs,
ledger and spans name the same one.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

TRACEPARENT = "traceparent"
TRACERESPONSE = "traceresponse"
"""How an answer says of which trace its request was: the upload of a creation is known to its sender only then."""

_FORM = re.compile(r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-[0-9a-f]{2}(?P<more>-.*)?")
_NONE = re.compile(r"0+")


@dataclass(frozen=True, slots=True)
class TraceParent:
    """A span that others name: 32 and 16 hexadecimal digits, neither of them all zeros."""

    trace_id: str
    span_id: str

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-01"

    @classmethod
    def parse(cls, text: str) -> TraceParent | None:
        """None for what is no traceparent: whoever sends none, or something else, is served all the same."""
        match = _FORM.fullmatch(text.strip())
        if match is None or match["version"] == "ff" or (match["version"] == "00" and match["more"]):
            return None
        if _NONE.fullmatch(match["trace"]) or _NONE.fullmatch(match["span"]):
            return None
        return cls(match["trace"], match["span"])


def first_span_of(upload_id: str) -> TraceParent:
    """The span of the upload's creation. It follows from the id: sealing, hours later on another machine, hangs its own
    below it, and nothing has to be stored or handed over for that.
    """
    return TraceParent(upload_id, hashlib.sha256(b"liuhen first span " + upload_id.encode("ascii")).hexdigest()[:16])
