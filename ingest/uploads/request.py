"""One HTTP request to /uploads, its headers strictly read."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

from ingest.uploads.asgi import AsgiRequest, Receive, Scope
from ingest.uploads.errors import RequestMalformed, UploadUnknown
from ingest.uploads.staging import UPLOAD_ID
from storage.node_names import is_node_name

UPLOADS_PATH: Final = "/uploads"
"""The collection of all uploads; each has its address below it."""
OFFSET_STREAM = "application/offset+octet-stream"
CHECKSUM_BYTES = {"sha1": 20, "sha256": 32}

_LARGEST = (1 << 63) - 1
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_ONCE = frozenset(
    {
        "authorization", "content-digest", "content-length", "content-type", "idempotency-key", "signature",
        "signature-input", "tus-resumable", "transfer-encoding", "upload-checksum", "upload-defer-length",
        "upload-length", "upload-metadata", "upload-offset", "x-http-method-override",
    }
)  # fmt: skip


@dataclass(frozen=True)
class ClaimedChecksum:
    """What Upload-Checksum says the body's digest is."""

    algorithm: str
    value: bytes


class Request(AsgiRequest):
    """Headers are lower-case names with values as Latin-1 text, which keeps every byte."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        super().__init__(scope, receive)
        self.created: str | None = None
        """The address of the upload that this request has opened, and that outlives its being refused after all."""
        self._headers = dict(self._pairs)
        # Only a POST stands for another method (tus 1.0): what a GET asks for, nobody expects to change anything.
        if self.method == "POST":
            self.method = (self._headers.get("x-http-method-override") or self.method).strip().upper()

    def header(self, name: str) -> str | None:
        return self._headers.get(name)

    def _list(self, name: str) -> list[str]:
        """The members of a list field, which may come in several lines (RFC 9110, 5.3), in lower case."""
        said = ",".join(value for each, value in self._pairs if each == name)
        return [member.strip().lower() for member in said.split(",") if member.strip()]

    def check_framing(self) -> None:
        """Two readings of one request are how requests are smuggled: refuse whatever could be read in two ways."""
        seen: set[str] = set()
        for name, _ in self._pairs:
            if name in seen and name in _ONCE:
                raise RequestMalformed(name, "出现两次", "comes twice")
            seen.add(name)
        if {"content-length", "transfer-encoding"} <= seen:
            raise RequestMalformed(
                "Transfer-Encoding", "与 Content-Length 同时出现", "comes together with Content-Length"
            )
        if any(each != "identity" for each in self._list("content-encoding")):
            raise RequestMalformed(
                "Content-Encoding", "上传的字节不得再编码", "the bytes of a file are sent as they are"
            )
        # Fields after the body are dropped before they come here: who announces a digest there would not be heard.
        if "upload-checksum" in self._list("trailer"):
            raise RequestMalformed(
                "Trailer", "Upload-Checksum 应在请求头中", "Upload-Checksum belongs among the headers, before the body"
            )

    @property
    def upload_id(self) -> str | None:
        """None for the collection itself. Raises UploadUnknown for any other address than an upload's.

        An address may begin with a node's name, by which a proxy finds the node; which one it is says the row.
        """
        path = self._path.removeprefix("/")
        if not path:
            return None
        node, slash, name = path.rpartition("/")
        if not UPLOAD_ID.fullmatch(name) or (slash and not is_node_name(node)):
            raise UploadUnknown
        return name

    def address_of(self, upload_id: str, node: str) -> str:
        """Absolute, since some clients (aiotus) take no other; a path where a proxy nobody named speaks otherwise."""
        path = f"{self.root_path}/{path_of_upload(upload_id, node)}"
        host = self.header("host") or ""
        if not _HOST.fullmatch(host) or self._headers.get("x-forwarded-proto", self._scheme) != self._scheme:
            return path
        return f"{self._scheme}://{host}{path}"

    @property
    def body_bytes(self) -> int | None:
        return None if "transfer-encoding" in self._headers else self.number("content-length") or 0

    def number(self, name: str) -> int | None:
        """A non-negative whole number without sign, space or leading zero. Raises RequestMalformed for others."""
        value = self.header(name)
        if value is None:
            return None
        if not _NUMBER.fullmatch(value) or int(value) > _LARGEST:
            raise RequestMalformed(
                name.title(), f"应为 0 至 {_LARGEST} 的整数", f"must be a whole number from 0 to {_LARGEST}"
            )
        return int(value)

    @property
    def carries_upload_bytes(self) -> bool:
        return (self.header("content-type") or "").strip().lower() == OFFSET_STREAM

    @property
    def defers_length(self) -> bool:
        """Upload-Defer-Length, whose only value is 1. Raises RequestMalformed for others."""
        value = self.header("upload-defer-length")
        if value not in (None, "1"):
            raise RequestMalformed("Upload-Defer-Length", "应为 1", "must be 1")
        return value is not None

    def checksum(self) -> ClaimedChecksum | None:
        """Upload-Checksum: algorithm, space, Base64 digest. Raises RequestMalformed."""
        value = self.header("upload-checksum")
        if value is None:
            return None
        algorithm, _, encoded = value.strip().partition(" ")
        if algorithm not in CHECKSUM_BYTES:
            offered = ", ".join(CHECKSUM_BYTES)
            raise RequestMalformed("Upload-Checksum", f"可用的算法为 {offered}", f"the algorithms are {offered}")
        try:
            digest = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError) as error:
            raise RequestMalformed("Upload-Checksum", "校验值不是 Base64", "the digest is not Base64") from error
        size = CHECKSUM_BYTES[algorithm]
        if len(digest) != size:
            reasons = (f"{algorithm} 校验值应为 {size} 字节", f"a {algorithm} digest has {size} bytes")
            raise RequestMalformed("Upload-Checksum", *reasons)
        return ClaimedChecksum(algorithm, digest)


def path_of_upload(upload_id: str, node: str) -> str:
    """Below the collection; '' is the one box."""
    return f"{node}/{upload_id}" if node else upload_id


def is_at_or_below(path: str, prefix: str = UPLOADS_PATH) -> bool:
    return path == prefix or path.startswith(prefix + "/")
