"""Spans of uploads, sent in the background. What they say are ids, sizes, counts and the names of errors.

No exception is recorded with its message: messages have file names in them. Nothing here waits for the collector but
`close`, and that not long; what it does not take is dropped, the oldest first.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import requests
import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from api.logs import SaidSeldom
from ingest.trace_context import TraceParent, first_span_of

Attributes = Mapping[str, str | int | float | bool]

MOST_WAITING: Final = 2048
"""Spans that one process holds for a collector that is away: two to four MiB."""
CLOSING_SECONDS: Final = 0.4
"""An HTTP process has ten seconds to end in, of which its requests may take nine and a half."""
_SEND_EVERY_SECONDS = 1.0
_MOST_AT_ONCE = 512
_ANSWER_SECONDS = 5.0

log = structlog.get_logger()


class Spans:
    """Of one process. Safe from several threads."""

    def __init__(self, exporter: SpanExporter, service: str, node: str = "") -> None:
        # The library says of each batch that it was not sent, with a traceback: here that is one line a minute.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL + 1)
        said = {"service.name": service, "service.namespace": "liuhen", "service.instance.id": str(uuid.uuid4())}
        self._ids = _UploadIds()
        self._provider = TracerProvider(
            sampler=ALWAYS_ON,
            resource=Resource(said | ({"liuhen.node": node} if node else {})),
            id_generator=self._ids,
            shutdown_on_exit=False,  # it would wait for half a minute
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(
                _Seldom(exporter),
                max_queue_size=MOST_WAITING,
                schedule_delay_millis=_SEND_EVERY_SECONDS * 1000,
                max_export_batch_size=_MOST_AT_ONCE,
                export_timeout_millis=_ANSWER_SECONDS * 1000,
            )
        )
        self._tracer = self._provider.get_tracer("liuhen")

    @classmethod
    def to_collector(cls, url: str, ca_file: Path | None, service: str, node: str = "") -> Spans:
        """Over OTLP/HTTP to `url`/v1/traces and nowhere else: by no redirect, and by no proxy of the environment."""
        session = requests.Session()
        session.trust_env = False
        session.hooks["response"].append(_refuse_redirect)
        exporter = OTLPSpanExporter(
            f"{url.rstrip('/')}/v1/traces",
            certificate_file=None if ca_file is None else str(ca_file),
            timeout=_ANSWER_SECONDS,
            session=session,
        )
        return cls(exporter, service, node)

    def begin_first(self, name: str, upload_id: str, began_ns: int, attributes: Attributes, asked: str) -> Span:
        """The first span of an upload's trace, linked to the trace of `asked`, the traceparent of whoever began it."""
        caller = TraceParent.parse(asked)
        with self._ids.given(first_span_of(upload_id)):
            return self._tracer.start_span(
                name,
                context=set_span_in_context(NonRecordingSpan(SpanContext(0, 0, is_remote=False))),
                kind=SpanKind.SERVER,
                attributes=attributes,
                links=[] if caller is None else [Link(_context_of(caller))],
                start_time=began_ns,
            )

    def begin(
        self,
        name: str,
        parent: TraceParent,
        attributes: Attributes,
        kind: SpanKind = SpanKind.INTERNAL,
        began_ns: int | None = None,
    ) -> Span:
        """A span below `parent`, in its trace; whoever begins it ends it."""
        below = set_span_in_context(NonRecordingSpan(_context_of(parent)))
        return self._tracer.start_span(name, below, kind=kind, attributes=attributes, start_time=began_ns)

    @contextmanager
    def running(
        self,
        name: str,
        parent: TraceParent,
        attributes: Attributes,
        kind: SpanKind = SpanKind.INTERNAL,
        no_failures: tuple[type[BaseException], ...] = (),
    ) -> Iterator[Span]:
        """A span for as long as what is inside goes on. What it raises is named by its kind, unless it is of those that
        are no failures."""
        span = self.begin(name, parent, attributes, kind)
        try:
            yield span
        except BaseException as error:
            if not isinstance(error, no_failures):
                mark_failed(span, type(error).__name__)
            raise
        finally:
            span.end()

    def close(self, within_seconds: float = CLOSING_SECONDS) -> None:
        """Send what waits, as much as can be sent within that time; no more is taken. Again: does nothing."""
        closing = threading.Thread(target=self._provider.shutdown, name="spans-close", daemon=True)
        closing.start()
        closing.join(within_seconds)


def _refuse_redirect(answer: requests.Response, **_how: object) -> None:
    """The exporter takes for a success whatever is no error."""
    if 300 <= answer.status_code < 400:
        answer.close()
        raise requests.exceptions.TooManyRedirects(response=answer)


def parent_named_by(span: Span) -> TraceParent:
    """The span, as others name it."""
    context = span.get_span_context()
    return TraceParent(f"{context.trace_id:032x}", f"{context.span_id:016x}")


def mark_failed(span: Span, kind: str) -> None:
    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR))


def _context_of(parent: TraceParent) -> SpanContext:
    return SpanContext(
        int(parent.trace_id, 16), int(parent.span_id, 16), is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED)
    )


class _UploadIds(RandomIdGenerator):
    """Random ones, but for a trace's first span: both of its ids are given."""

    def __init__(self) -> None:
        self._here = threading.local()

    @contextmanager
    def given(self, first: TraceParent) -> Iterator[None]:
        self._here.first = first
        try:
            yield
        finally:
            self._here.first = None

    def generate_trace_id(self) -> int:
        first: TraceParent | None = getattr(self._here, "first", None)
        return super().generate_trace_id() if first is None else int(first.trace_id, 16)

    def generate_span_id(self) -> int:
        first: TraceParent | None = getattr(self._here, "first", None)
        return super().generate_span_id() if first is None else int(first.span_id, 16)


class _Seldom(SpanExporter):
    """Sends by another, and says once a minute that it could not."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._not_sent = SaidSeldom()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            result = self._exporter.export(spans)
        except Exception as error:
            return self._say(len(spans), type(error).__name__)
        return result if result is SpanExportResult.SUCCESS else self._say(len(spans), "refused or unanswered")

    def _say(self, count: int, why: str) -> SpanExportResult:
        if self._not_sent.is_due():
            log.warning("spans.not_sent", spans=count, why=why)
        return SpanExportResult.FAILURE

    def shutdown(self) -> None:
        self._exporter.shutdown()
