"""What an attempt at an action of boundaries.txt is: an address and a valid body, on a thing of the unit `here`."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.api.http.boundary_scene import Bounds
from tests.api.http.bounds.units import API

WHY = {"reason": "说明理由"}


@dataclass(frozen=True)
class Try:
    """One request. `shows`: what an answer to a list holds when it shows the thing of `here`."""

    path: str
    shows: str | None = None
    sent: Mapping[str, Any] = field(default_factory=dict)


def look(path: str, shows: Any = None, **params: Any) -> Try:
    return Try(_address(path), None if shows is None else str(shows), {"params": params} if params else {})


def do(path: str, **form: Any) -> Try:
    return Try(_address(path), None, {"json": form} if form else {})


def hand_in(path: str, content: bytes, media_type: str, **params: str) -> Try:
    sent = {"content": content, "headers": {"Content-Type": media_type}, "params": params}
    return Try(_address(path), None, sent)


def _address(path: str) -> str:
    return path if path.startswith("/") else f"{API}/{path}"


def unique(word: str) -> str:
    return f"{word}{uuid.uuid4().hex[:12]}"


def a_moment() -> str:
    return (datetime.now(UTC) - timedelta(minutes=1)).isoformat()


Attempts = dict[str, Callable[[Bounds], Try]]
