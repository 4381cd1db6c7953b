"""The city's platform over HTTP, as docs/formats/push.md says it: one PUT a message, answered at once with a receipt.

The address is the settings' and nobody else's. No redirect is followed and no proxy of the environment asked: the token
goes where it was meant to go. Of an error only its kind is told, for its words may hold a header.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from casework.publication.pushing import Message, Told

# For all of it together: connecting, sending, and the last byte of the answer.
TIMEOUT_SECONDS = 10.0
MOST_ANSWER_BYTES = 64 << 10
LONGEST_DETAIL = 200
LONGEST_RECEIPT = 200
# The message is what is wrong. Whatever else a platform answers, such as to a wrong token, passes once it is mended.
_NEVER = (400, 409, 413, 415, 422)


@dataclass(frozen=True)
class HttpPlatform:
    """`url` is where `/publications/{id}` begins; `token` is sent as a bearer token where there is one."""

    url: str
    token: str | None = field(default=None, repr=False)
    timeout_seconds: float = TIMEOUT_SECONDS

    def send(self, message: Message) -> Told:
        """As Platform has it."""
        try:
            status, headers, content = asyncio.run(self._put(message))
        except TimeoutError:
            return Told(problem="no_answer")
        except _AnswerTooLong:
            return Told(problem="too_long")
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            problem = "untrusted" if _is_about_certificates(error) else "unreachable"
            return Told(problem=problem, detail=type(error).__name__)
        return self._told_by(status, headers, content)

    async def _put(self, message: Message) -> tuple[int, Mapping[str, str], bytes]:
        """Raises TimeoutError, _AnswerTooLong, and what httpx does."""
        body = json.dumps(message.body, ensure_ascii=False).encode()
        address = f"{self.url.rstrip('/')}/publications/{message.publication_id}"
        content = bytearray()
        async with (
            asyncio.timeout(self.timeout_seconds),
            httpx.AsyncClient(trust_env=False, timeout=None, verify=_tls_for(self.url)) as client,  # noqa: S113  above
            client.stream("PUT", address, content=body, headers=self._headers(message, body)) as answer,
        ):
            # As it comes: what is packed could be any size once unpacked.
            async for piece in answer.aiter_raw():
                content += piece
                if len(content) > MOST_ANSWER_BYTES:
                    raise _AnswerTooLong
        return answer.status_code, answer.headers, bytes(content)

    def _headers(self, message: Message, body: bytes) -> dict[str, str]:
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        return {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "Content-Digest": f"sha-256=:{digest}:",
            "Idempotency-Key": f'"{message.step_id}"',
            "User-Agent": "liuhen-push/1",
            **({} if self.token is None else {"Authorization": f"Bearer {self.token}"}),
        }

    def _told_by(self, status: int, headers: Mapping[str, str], content: bytes) -> Told:
        """A success counts with a receipt alone: a page to sign in at is answered with 200 as well."""
        if 200 <= status < 300:
            receipt = self._receipt_in(content)
            return Told(receipt=receipt) if receipt else Told(problem="no_receipt", detail=f"HTTP {status}")
        said = self._in_one_line(content.decode("utf-8", "replace"))[:LONGEST_DETAIL]
        detail = f"HTTP {status}: {said}" if said else f"HTTP {status}"
        wait = None if status in _NEVER else _seconds(headers.get("retry-after"))
        return Told(problem="status", detail=detail, refused=status in _NEVER, wait_seconds=wait)

    def _receipt_in(self, content: bytes) -> str | None:
        try:
            said = json.loads(content)
        except (ValueError, RecursionError):
            return None
        receipt = said.get("receipt") if isinstance(said, dict) else None
        if not isinstance(receipt, str) or len(receipt) > LONGEST_RECEIPT:
            return None
        return self._in_one_line(receipt)

    def _in_one_line(self, text: str) -> str:
        """Without the token, should the platform repeat it."""
        told = text if self.token is None else text.replace(self.token, "…")
        return " ".join("".join(each if each.isprintable() else " " for each in told).split())


class _AnswerTooLong(Exception):
    pass


def _tls_for(url: str) -> ssl.SSLContext:
    """The roots that the system trusts: a platform on a closed network has one of its own, installed there."""
    if url.startswith("https:"):
        return ssl.create_default_context()
    # No certificate is looked at, so none is loaded.
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _is_about_certificates(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _seconds(text: str | None) -> float | None:
    """Of Retry-After as seconds; a date is not looked at."""
    return float(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 8 else None
