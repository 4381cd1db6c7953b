"""Sealing as spans: one for the upload, and below it one for each step (ingest/sealing/steps.py)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from api.tracing.spans import Spans, parent_named_by
from ingest.sealing.due import DueUpload
from ingest.sealing.record import SameFileSealed
from ingest.sealing.steps import steps_told_to
from ingest.trace_context import first_span_of

# These bytes are a recording already: another way through custody, and a receipt at its end.
_OTHER_WAYS = (SameFileSealed,)


class CustodySpans:
    """Below the span of the upload's creation, which was made elsewhere and is known by the upload's id alone."""

    def __init__(self, spans: Spans) -> None:
        self._spans = spans

    @contextmanager
    def told(self, upload: DueUpload) -> Iterator[None]:
        """For as long as the upload is being sealed, in this thread."""
        waited = (datetime.now(UTC) - upload.finished_at).total_seconds()
        said = {
            "liuhen.size_bytes": upload.declared_length,
            "liuhen.attempts": upload.attempts,
            "liuhen.waited_seconds": round(waited, 3),
        }
        with self._spans.running("custody.seal_upload", first_span_of(upload.id), said) as sealing:
            above = parent_named_by(sealing)
            with steps_told_to(lambda name: self._spans.running(f"custody.{name}", above, {}, no_failures=_OTHER_WAYS)):
                yield
