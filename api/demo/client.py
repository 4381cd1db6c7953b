"""The archive's API as a program uses it: a bearer token, JSON in and out, every answer looked at."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from api.demo.errors import CheckFailed

# Sums over a large case, and the first request after a restart, take a moment.
_TIMEOUT = httpx.Timeout(60.0, connect=10.0)
_PIECE_BYTES = 1 << 20

Facts = Mapping[str, Any]


def trusting(ca_file: Path | None) -> ssl.SSLContext | bool:
    """For `verify` of httpx: whoever issued the archive's certificate, or else those whom everybody trusts."""
    return True if ca_file is None else ssl.create_default_context(cafile=ca_file)


class ApiClient:
    """What one person, or one program, may do. `name` is whose token it is, for what the demo tells."""

    def __init__(self, url: str, token: str, name: str, ca_file: Path | None = None) -> None:
        self.name = name
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": "zh"}
        # Loopback: whatever proxy the machine uses for the world outside is none of ours.
        self._http = httpx.Client(
            base_url=url, headers=headers, timeout=_TIMEOUT, trust_env=False, verify=trusting(ca_file)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path: str, **query: str) -> Facts:
        return self._answered("GET", path, (200,), params=query)

    def post(self, path: str, form: Facts) -> Facts:
        return self._answered("POST", path, (200, 201), json=dict(form))

    def refused(self, method: str, path: str, status: int, **more: Any) -> Facts:
        """The problem document of a request that must be refused with `status`. Raises CheckFailed otherwise."""
        return self._answered(method, path, (status,), **more)

    def items(self, path: str, **query: str) -> Iterator[Facts]:
        """Everything on a list, page by page."""
        cursor: str | None = ""
        while cursor is not None:
            page = self.get(path, limit="200", **query, **({"cursor": cursor} if cursor else {}))
            yield from page["items"]
            cursor = page["next"]

    def fetch_span(self, path: str, first: int, last: int) -> bytes:
        """The bytes `first` to `last` of footage. Raises CheckFailed unless exactly they come, as a 206."""
        with _reaching(path):
            reply = self._http.get(path, headers={"Range": f"bytes={first}-{last}"})
        if reply.status_code != 206 or len(reply.content) != last - first + 1:
            raise _unexpected(reply, "GET", path)
        return reply.content

    def download(self, path: str, target: Path) -> bool:
        """The whole of a rendition into a file; False where there is none."""
        with _reaching(path), self._http.stream("GET", path) as reply:
            if reply.status_code == 404:
                return False
            if reply.status_code != 200:
                reply.read()
                raise _unexpected(reply, "GET", path)
            with target.open("wb") as file:
                for piece in reply.iter_bytes(_PIECE_BYTES):
                    file.write(piece)
        return True

    def _answered(self, method: str, path: str, statuses: tuple[int, ...], **more: Any) -> Facts:
        with _reaching(path):
            reply = self._http.request(method, path, **more)
        if reply.status_code not in statuses:
            raise _unexpected(reply, method, path)
        document: Facts = reply.json() if reply.content else {}
        return document


@contextmanager
def _reaching(path: str) -> Iterator[None]:
    try:
        yield
    except httpx.HTTPError as error:
        raise CheckFailed(f"{path} 没有应答：{error}", f"{path} does not answer: {error}") from error


def _unexpected(reply: httpx.Response, method: str, path: str) -> CheckFailed:
    return CheckFailed(
        f"{method} {path} 得到意外的应答 {reply.status_code}",
        f"{method} {path} was answered with {reply.status_code}",
        detail=reply.text[:600].splitlines(),
    )
