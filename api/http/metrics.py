"""What can be counted without naming anybody. Each process counts for itself, under its own process id."""

from __future__ import annotations

import os
import time
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram

from ingest.uploads.asgi import AsgiApplication, Receive, Scope, Send

SECONDS = (0.005, 0.02, 0.1, 0.5, 2, 10)


class Metrics:
    """Counters of this process. What stands in the archive is in gauges.py."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        process = str(os.getpid())
        self.anonymous_refusals = Counter(
            "liuhen_anonymous_refusals",
            "Requests refused because nobody was signed in",
            ["process"],
            registry=self.registry,
        ).labels(process)
        self._seconds = Histogram(
            "liuhen_http_seconds",
            "Time until a response began",
            ["process", "method", "route", "status"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self._process = process

    def note_response(self, method: str, route: str, status: int, seconds: float) -> None:
        self._seconds.labels(self._process, method, route, f"{status // 100}xx").observe(seconds)


def with_measuring(application: AsgiApplication, metrics: Metrics) -> AsgiApplication:
    """`application`, with the time of each response noted under its route, never under its address."""

    async def measured(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        started = time.perf_counter()

        async def send_and_note(message: Any) -> None:
            if message["type"] == "http.response.start":
                seconds = time.perf_counter() - started
                metrics.note_response(scope["method"], _route_of(scope), message["status"], seconds)
            await send(message)

        await application(scope, receive, send_and_note)

    return measured


def _route_of(scope: Scope) -> str:
    """The address with names in the place of what varies: there are only so many of them, and none names anything."""
    if "endpoint" not in scope:
        return "none"
    route: str = scope["path"]
    for name, value in scope.get("path_params", {}).items():
        route = route.replace(f"/{value}", f"/{{{name}}}", 1)
    return route
