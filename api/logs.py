"""How every process of ours writes its log: one JSON object a line, to stderr, whoever wrote it.

`trace` is the id of the upload whose way it is about, from the request that began it to its receipt: 32 hexadecimal
digits, which is a trace id of W3C Trace Context. The station's agent logs the same one.

Tracebacks are plain: structlog by itself shows the local variables of each frame, and those hold keys and passwords.
"""

from __future__ import annotations

import logging
import math
import sys
import time
from typing import Final

import structlog
from structlog.typing import EventDict

from integrity.hidden_signs import escaped

OURS: Final = ("api", "casework", "ingest", "integrity", "retention", "storage")
"""Of these what is worth knowing is written; of libraries what is worth a warning."""
_EVERY_LINE: Final = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.MaybeTimeStamper(fmt="iso", utc=True),  # what is written later says when it was
    structlog.processors.format_exc_info,
)
_RENDER: Final = structlog.processors.JSONRenderer(ensure_ascii=False, default=str)


def _as_json(logger: object, method: str, event: EventDict) -> str:
    """Logs are read on terminals: of what JSON leaves as it is, C1 controls and overrides of direction steer them."""
    return escaped(str(_RENDER(logger, method, event)))


def write_log_lines() -> None:
    """From here on in this process. Doing it twice is the same as once."""
    structlog.configure(
        processors=[*_EVERY_LINE, _as_json],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    if not any(isinstance(handler, _JsonLines) for handler in root.handlers):
        root.addHandler(_JsonLines())
    logging.captureWarnings(True)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.INFO)


def write_warnings() -> None:
    """For commands: what they print is theirs, and what is worth a warning goes to stderr. Unless it was said before
    where this process's log goes."""
    if not structlog.is_configured():
        structlog.configure(
            processors=[_leave_out_what_is_well, *_EVERY_LINE, _as_json],
            logger_factory=structlog.WriteLoggerFactory(sys.stderr),
            cache_logger_on_first_use=False,
        )


def _leave_out_what_is_well(_logger: object, method: str, event: EventDict) -> EventDict:
    if method in ("debug", "info"):
        raise structlog.DropEvent
    return event


class SaidSeldom:
    """For what may come many times a second: whether its line is due again, after `pause_seconds` at the soonest."""

    def __init__(self, pause_seconds: float = 60.0) -> None:
        self._pause_seconds = pause_seconds
        self._said_at = -math.inf

    def is_due(self) -> bool:
        """True once, then for a while not: whoever asks says it."""
        now = time.monotonic()
        due = now - self._said_at >= self._pause_seconds
        if due:
            self._said_at = now
        return due


class _JsonLines(logging.Handler):
    """What is logged by the standard library's means, in the same words."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(
            structlog.stdlib.ProcessorFormatter(
                foreign_pre_chain=[*_EVERY_LINE, structlog.stdlib.add_logger_name],
                processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _as_json],
            )
        )

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(f"{self.format(record)}\n")  # at once: other threads write there as well
        except Exception:
            self.handleError(record)
