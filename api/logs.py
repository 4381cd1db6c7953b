"""How every process of ours writes its log: one JSON object a line, to stderr.

Tracebacks are plain: structlog by itself shows the local variables of each frame, and those hold keys and passwords.
"""

from __future__ import annotations

import sys

import structlog


def write_log_lines() -> None:
    """From here on in this process. Doing it twice is the same as once."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
