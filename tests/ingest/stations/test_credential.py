"""What a request shows. Whether it has a body is one answer, to whoever checks its signature and whoever takes it."""

from __future__ import annotations

from typing import Any

import pytest

from ingest.stations.credential import PresentedCredential
from ingest.uploads.request import Request


async def nothing_comes() -> Any:
    raise AssertionError("no body is asked for")


@pytest.mark.parametrize(
    ("headers", "has_body"),
    [
        ([], False),
        ([("content-length", "0")], False),
        ([("content-length", "1")], True),
        ([("Content-Length", "1")], True),
        ([("content-length", "00")], True),
        ([("content-length", "")], True),
        ([("content-length", "0"), ("content-length", "5")], True),
        ([("content-length", "5"), ("content-length", "0")], True),
        ([("transfer-encoding", "chunked")], True),
        ([("transfer-encoding", "identity")], True),
        ([("transfer-encoding", "chunked"), ("content-length", "0")], True),
    ],
)
def test_a_body_is_announced_to_both_or_to_neither(headers: list[tuple[str, str]], has_body: bool) -> None:
    scope: dict[str, Any] = {"method": "PATCH", "path": "/0"}
    # As a server hands them over (ASGI): names in lower case.
    scope["headers"] = [(name.lower().encode(), value.encode()) for name, value in headers]
    presented = PresentedCredential.of(scope)
    assert (presented.has_body, Request(scope, nothing_comes).has_body) == (has_body, has_body)
