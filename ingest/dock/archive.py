"""One station's conversation with one archive: each request, and what each answer means for the agent.

tus 1.0 (core, creation, termination) under /uploads, receipts and the receipt key under /api/v1. An upload's address
is built from its id and never taken from the server's Location as it stands: the station's token goes to the address
that was typed in and nowhere else, and redirects are not followed for the same reason.
"""

from __future__ import annotations

import base64
import email.utils
import ipaddress
import json
import re
import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from ingest.dock.errors import (
    AddressUnusable,
    CustodyFailed,
    KeyUnusable,
    NotSealedYet,
    StationRefused,
    TransferRefused,
    TryAgain,
    UploadGone,
    Words,
)
from ingest.dock.token import StationToken

_TUS = {"Tus-Resumable": "1.0.0"}
_UPLOAD_ID = re.compile(r"[0-9a-f]{32}")
# A server syncs to disk before it answers, and a full station may stand before it in the queue.
_TIMEOUT = httpx.Timeout(60.0, connect=10.0, pool=None)
_MAX_ANSWER_BYTES = 1 << 20
_MAX_RETRY_AFTER_SECONDS = 300.0

_NO_UPLOAD = Words(
    "the creation was answered without an upload; is this a Liuhen archive?", "对方未返回上传地址，可能不是留痕档案系统"
)
_NOT_SEALED = Words("the archive has not sealed it yet", "档案系统尚未封存完毕")
_NO_ANSWER = Words("the archive did not answer in time", "档案系统未及时应答")
_TOO_MUCH = Words(f"the archive answered with more than {_MAX_ANSWER_BYTES} bytes", "档案系统的应答过长")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Archive:
    """Safe to use from several threads. Every request may raise TryAgain or StationRefused.

    TryAgain stands for everything that time may heal: no connection, 408, 409, 423, 429, 460, any 5xx, a full disk.
    """

    def __init__(self, url: str, token: StationToken, tls: ssl.SSLContext | None = None) -> None:
        self._url = _checked_address(url)
        self._credential = {"Authorization": f"Bearer {token.text}"}
        if tls is None and self._url.startswith("http:"):
            # No certificate is looked at, so none is loaded: that alone takes longer than a small upload.
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # trust_env off: a proxy set for browsing must not be handed footage and a credential.
        self._http = httpx.Client(
            headers={"User-Agent": "liuhen-dock/1"}, timeout=_TIMEOUT, trust_env=False, verify=tls or True
        )

    def close(self) -> None:
        """End all connections."""
        self._http.close()

    def create_upload(self, size_bytes: int, metadata: Mapping[str, str]) -> str:
        """Open an upload; its id. Raises TransferRefused when the archive does not want the file."""
        reply = self._exchange(
            "POST", "/uploads", {"Upload-Length": str(size_bytes), "Upload-Metadata": encode_metadata(metadata)}
        )
        upload_id = reply.headers.get("location", "").rstrip("/").rpartition("/")[2]
        if reply.status != 201 or not _UPLOAD_ID.fullmatch(upload_id):
            raise TransferRefused(reply.status, _NO_UPLOAD)
        return upload_id

    def read_offset(self, upload_id: str, size_bytes: int) -> int:
        """How many bytes the archive has, durably. Raises UploadGone, also when the upload is of another size."""
        reply = self._exchange("HEAD", f"/uploads/{upload_id}", {}, upload_id)
        if reply.headers.get("upload-length") != str(size_bytes):
            raise UploadGone(upload_id)
        return _offset_of(reply, 0, size_bytes)

    def append_bytes(self, upload_id: str, offset: int, length: int, pieces: Iterable[bytes]) -> int:
        """Send `length` bytes from `offset` on; the offset that the archive acknowledged. Raises UploadGone.

        What `pieces` raises comes through unchanged; the archive keeps what arrived.
        """
        headers = {
            "Upload-Offset": str(offset),
            "Content-Length": str(length),
            "Content-Type": "application/offset+octet-stream",
        }
        reply = self._exchange("PATCH", f"/uploads/{upload_id}", headers, upload_id, pieces)
        return _offset_of(reply, offset, offset + length)

    def end_upload(self, upload_id: str) -> None:
        """Give up an unfinished upload, so that the room it reserved is free again."""
        self._exchange("DELETE", f"/uploads/{upload_id}", {}, upload_id)

    def read_receipt(self, upload_id: str) -> bytes:
        """The receipt's envelope. Raises TryAgain while it is not made yet, UploadGone, or CustodyFailed."""
        reply = self._request("GET", f"/api/v1/uploads/{upload_id}/receipt", {})
        if reply.status == 200:
            return reply.body
        if reply.status in (409, 422):
            raise CustodyFailed(upload_id, _detail_of(reply))
        if reply.status == 202 or (reply.status == 404 and "retry-after" in reply.headers):
            raise NotSealedYet(_NOT_SEALED, _retry_after_of(reply))
        if reply.status in (404, 410):
            raise UploadGone(upload_id)
        raise _meaning_of(reply)

    def read_receipt_key(self) -> bytes:
        """The public key that this server says signs its receipts, PEM: believed only when it is the pinned one.

        Asked for without the credential: anybody may read it, and nothing is known of who answers yet.
        """
        reply = self._send("GET", "/api/v1/keys/receipt", {}, None)
        if 200 <= reply.status < 300:
            return reply.body
        raise _meaning_of(reply)

    def _exchange(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        upload_id: str = "",
        content: Iterable[bytes] | None = None,
    ) -> Reply:
        reply = self._request(method, path, {**_TUS, **headers}, content)
        if 200 <= reply.status < 300:
            return reply
        if reply.status in (404, 410) and upload_id:
            raise UploadGone(upload_id)
        raise _meaning_of(reply)

    def _request(
        self, method: str, path: str, headers: Mapping[str, str], content: Iterable[bytes] | None = None
    ) -> Reply:
        return self._send(method, path, {**self._credential, **headers}, content)

    def _send(self, method: str, path: str, headers: Mapping[str, str], content: Iterable[bytes] | None) -> Reply:
        try:
            with self._http.stream(method, self._url + path, headers=dict(headers), content=content) as response:
                body = bytearray()
                for piece in response.iter_bytes():
                    body += piece
                    if len(body) > _MAX_ANSWER_BYTES:
                        raise TryAgain(_TOO_MUCH)
                return Reply(response.status_code, dict(response.headers), bytes(body))
        except httpx.TimeoutException as error:
            raise TryAgain(_NO_ANSWER) from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            cause = str(error) or type(error).__name__
            raise TryAgain(
                Words(f"no connection to the archive ({cause})", f"与档案系统的连接中断（{cause}）")
            ) from error


def is_open_to_listeners(url: str) -> bool:
    """Whether what goes to `url` can be read on its way, the station's credential included: plain http off loopback."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if parts.scheme != "http" or host == "localhost":
        return False
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True


def trusting(ca_file: Path) -> ssl.SSLContext:
    """TLS that believes the certificates in `ca_file` alone: a closed network has its own. Raises KeyUnusable."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise KeyUnusable(ca_file, f"no root certificates: {error}") from error


def encode_metadata(metadata: Mapping[str, str]) -> str:
    """Upload-Metadata as tus writes it: key, space, base64; pairs joined by commas.

    A file name that is not UTF-8 goes byte for byte, for the archive to make what it can of it.
    """
    raw = {key: value.encode("utf-8", "surrogateescape") for key, value in metadata.items()}
    return ",".join(f"{key} {base64.b64encode(value).decode()}" for key, value in raw.items())


def _checked_address(url: str) -> str:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 — reading it is what checks it
    except ValueError as error:
        raise AddressUnusable(url, str(error)) from error
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise AddressUnusable(url, "not an http or https address without query")
    return url.rstrip("/")


def _meaning_of(reply: Reply) -> Exception:
    detail = _detail_of(reply)
    if reply.status in (401, 403):
        return StationRefused(reply.status, detail)
    if reply.status in (408, 409, 423, 425, 429, 460) or reply.status >= 500:
        words = Words(f"HTTP {reply.status}: {detail.en}", f"HTTP {reply.status}：{detail.zh}")
        return TryAgain(words, _retry_after_of(reply))
    return TransferRefused(reply.status, detail)


def _detail_of(reply: Reply) -> Words:
    """What a problem document (RFC 9457) says, in both languages where it is ours; else the status in words."""
    try:
        problem = json.loads(reply.body)
    except (ValueError, RecursionError):
        problem = None
    members = problem if isinstance(problem, dict) else {}
    sentences = members.get("sentences")
    plain = members.get("detail") or members.get("title") or httpx.codes.get_reason_phrase(reply.status) or "?"
    if not isinstance(sentences, dict):
        sentences = {}
    return Words(_one_line(sentences.get("en", plain)), _one_line(sentences.get("zh-CN", plain)))


def _one_line(text: object) -> str:
    """Up to 500 characters without control characters: it goes to a terminal."""
    letters = "".join(letter if letter.isprintable() else " " for letter in str(text)[:500])
    return " ".join(letters.split())


def _retry_after_of(reply: Reply) -> float:
    """Retry-After in seconds, 0 when there is none: a number, or a date (RFC 9110 section 10.2.3)."""
    value = reply.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), _MAX_RETRY_AFTER_SECONDS)
    try:
        due = email.utils.parsedate_to_datetime(value).timestamp()
    except ValueError:
        return 0.0
    return max(0.0, min(due - time.time(), _MAX_RETRY_AFTER_SECONDS))


def _offset_of(reply: Reply, least: int, most: int) -> int:
    value = reply.headers.get("upload-offset", "")
    if not (value.isascii() and value.isdigit() and len(value) < 20 and least <= int(value) <= most):
        raise TryAgain(
            Words(
                f"the archive answered with the offset {value[:20]!r}, expected {least} to {most}",
                f"档案系统返回的偏移量为 {value[:20]!r}，应在 {least} 与 {most} 之间",
            )
        )
    return int(value)
