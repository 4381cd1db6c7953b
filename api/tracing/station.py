"""A docking agent's work as spans, by what it tells of it: bytes on their way, and the wait for the receipt.

The name of a file is what events are told apart by, here in memory; no span has it.
"""

from __future__ import annotations

import threading

from opentelemetry.trace import Span, SpanKind

from api.tracing.spans import Spans, mark_failed, parent_named_by
from ingest.dock.events import Event, FileChanged, FileStays, FileUploaded, Listener, ReceiptHeld, UploadBegun
from ingest.trace_context import first_span_of


class StationSpans:
    """A listener before another. `traceparent_of` is what requests about an upload say."""

    def __init__(self, spans: Spans, tell: Listener) -> None:
        self._spans = spans
        self._tell = tell
        self._turn = threading.Lock()
        self._by_file: dict[str, tuple[str, Span]] = {}
        self._by_upload: dict[str, Span] = {}

    def __call__(self, event: Event) -> None:
        if isinstance(event, UploadBegun):
            self._begin(event.file, event.upload_id, "station.send", {"liuhen.offset": event.offset}, event.size_bytes)
        elif isinstance(event, FileUploaded):
            self._begin(event.file, event.upload_id, "station.await_receipt", {}, event.size_bytes)
        elif isinstance(event, ReceiptHeld | FileChanged):
            self._end(event.file)
        elif isinstance(event, FileStays):
            self._end(event.file, event.kind)
        self._tell(event)

    def traceparent_of(self, upload_id: str) -> str:
        """The span that is under way for it; before there is one, the upload's first."""
        with self._turn:
            span = self._by_upload.get(upload_id)
        return str(first_span_of(upload_id) if span is None else parent_named_by(span))

    def close(self) -> None:
        """What is under way as the agent ends has not failed: another run goes on with it."""
        for file in list(self._by_file):
            self._end(file)
        self._spans.close(within_seconds=2.0)

    def _begin(self, file: str, upload_id: str, name: str, said: dict[str, int], size_bytes: int) -> None:
        """A connection that was cut and made again goes on with the span that there is."""
        with self._turn:
            former = self._by_file.get(file)
            if former is not None and former[0] == f"{name} {upload_id}":
                return
        self._end(file)
        span = self._spans.begin(
            name, first_span_of(upload_id), {**said, "liuhen.size_bytes": size_bytes}, SpanKind.CLIENT
        )
        with self._turn:
            self._by_file[file] = (f"{name} {upload_id}", span)
            self._by_upload[upload_id] = span

    def _end(self, file: str, failure: str = "") -> None:
        with self._turn:
            what, span = self._by_file.pop(file, ("", None))
            self._by_upload.pop(what.rpartition(" ")[2], None)
        if span is None:
            return
        if failure:
            mark_failed(span, failure)
        span.end()
