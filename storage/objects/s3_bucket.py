"""One bucket of an S3 server: each request that the store makes, as a function. The only module that calls minio.

The client library's own `put_object` and `get_object` read from files and streams; the store has its bytes in buffers
that it uses again, puts them in parts of its own, and has to say how an upload ends. So this calls what those are made
of, one request each, on one pool of connections. tests/contracts/ runs all of it against a real server.
"""

from __future__ import annotations

import math
import os
import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from xml.etree import ElementTree

import urllib3
from minio import Minio, xml
from minio.commonconfig import COMPLIANCE
from minio.datatypes import ListMultipartUploadsResult
from minio.error import S3Error
from minio.retention import Retention

from storage.errors import BucketUnusable, ObjectMissing, StoreUnavailable
from storage.objects.protocol import Keeping
from storage.objects.s3_address import S3Address
from storage.objects.s3_errors import asking

POOLED_CONNECTIONS = 32
REMEMBERED = 4096
"""Answers that cannot change, before all of them are forgotten."""
MENDS = "x-amz-meta-mends"
READINESS = ".readiness"
"""No object's name begins with a dot."""

_CONTENT_SHA256 = "x-amz-content-sha256"
_UNSIGNED = "UNSIGNED-PAYLOAD"
_REPEATED = (500, 502, 503, 504)
_NO_LOCK = frozenset({"NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError"})
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(?:Z|\+00:00)")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an object, with its bytes: never a delete marker."""

    name: str
    version_id: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class BegunUpload:
    """A multipart upload that has not ended. `age`: by the server's clock alone."""

    name: str
    upload_id: str
    age: timedelta


class S3Bucket:
    """Threads may share it; a process that was forked makes connections of its own."""

    def __init__(self, address: S3Address) -> None:
        self.address = address
        self._mending: dict[Version, bool] = {}
        self._made_in = 0
        self._client: Minio | None = None

    def require_usable(self) -> None:
        """Raises BucketUnusable where evidence cannot be kept in it, AccessKeyRefused, StoreUnavailable."""
        with asking("", self.address):
            try:
                versioning = self._minio().get_bucket_versioning(self.address.bucket).status
                lock = self._minio().get_object_lock_config(self.address.bucket)
            except S3Error as error:
                if error.code == "NoSuchBucket":
                    raise BucketUnusable(str(self.address), "missing") from error
                if error.code in _NO_LOCK:
                    raise BucketUnusable(str(self.address), "without-lock") from error
                raise
        if versioning != "Enabled":
            raise BucketUnusable(str(self.address), "without-versions")
        if lock.mode is not None:
            raise BucketUnusable(str(self.address), "locks-by-itself")

    def require_working(self) -> None:
        """An upload that is begun and aborted leaves nothing, and asks for all that writing needs but room."""
        next(self.versions(READINESS), None)
        self.abort_upload(READINESS, self.begin_upload(READINESS))

    def versions(self, prefix: str, *, delimited: bool = False) -> Iterator[Version | str]:
        """Names in the order of their characters, of each the newest version first; delete markers hide nothing.

        `delimited`: what has a "/" behind the prefix comes once, as the string up to it, in any order.
        """
        with asking(prefix, self.address):
            found = self._minio()._list_objects(
                self.address.bucket, prefix=prefix, delimiter="/" if delimited else None, include_version=True
            )
            for each in found:
                if each.is_dir:
                    yield each.object_name or ""
                elif not each.is_delete_marker:
                    yield Version(each.object_name or "", each.version_id or "", each.size or 0)

    def delete_markers(self, name: str) -> list[str]:
        """The ids of the markers under a name, which only strangers make."""
        with asking(name, self.address):
            found = self._minio()._list_objects(self.address.bucket, prefix=name, delimiter="/", include_version=True)
            return [each.version_id or "" for each in found if each.is_delete_marker and each.object_name == name]

    def mends(self, version: Version) -> bool:
        """Whether a version was put in the place of others; False too for one that is gone meanwhile.

        What a version says of itself never changes: it is asked for once, however many are contending for a name.
        """
        if (known := self._mending.get(version)) is not None:
            return known
        try:
            with asking(version.name, self.address):
                asked = {"versionId": version.version_id}
                mends = MENDS in self._ask("HEAD", version.name, query_params=asked).headers
        except ObjectMissing:
            return False
        if len(self._mending) >= REMEMBERED:
            self._mending.clear()
        self._mending[version] = mends
        return mends

    def put(self, name: str, body: Any, headers: Mapping[str, str], *, read_back: bool = False) -> str:
        """The new version's id. The server refuses other bytes than these, by a digest of them; but what is read back,
        and went there over TLS, is not digested for that. Raises PreconditionFailed.
        """
        with asking(name, self.address, writes=True):
            sent = {**headers, **self._said_of_body(read_back)}
            answer = self._ask("PUT", name, body=body, headers=sent, no_body_trace=True)
            return _version_id(name, answer.headers.get("x-amz-version-id"))

    def begin_upload(self, name: str, headers: Mapping[str, str] | None = None) -> str:
        with asking(name, self.address, writes=True):
            begun: str = self._minio()._create_multipart_upload(self.address.bucket, name, dict(headers or {}))
            return begun

    def put_part(self, name: str, upload_id: str, number: int, body: Any, *, read_back: bool = False) -> str:
        """The part's tag; `read_back` as of `put`. Raises UploadGone."""
        with asking(name, self.address, writes=True):
            sent = self._said_of_body(read_back)
            tag: str = self._minio()._upload_part(self.address.bucket, name, body, sent, upload_id, number)
            return tag

    def complete_upload(self, name: str, upload_id: str, tags: list[str], headers: Mapping[str, str]) -> str:
        """The new version's id. Raises PreconditionFailed, UploadGone."""
        root = xml.Element("CompleteMultipartUpload")
        for number, tag in enumerate(tags, start=1):
            part = xml.SubElement(root, "Part")
            xml.SubElement(part, "PartNumber", str(number))
            xml.SubElement(part, "ETag", f'"{tag}"')
        with asking(name, self.address, writes=True):
            sent = {"Content-Type": "application/xml", **headers}
            asked = {"uploadId": upload_id}
            answer = self._ask("POST", name, body=xml.getbytes(root), headers=sent, query_params=asked)
            # A server that needs long begins its answer with 200, and may end it with an error.
            if not _parse(answer.data).tag.endswith("CompleteMultipartUploadResult"):
                raise StoreUnavailable(name, "the server did not say that the upload is complete")
            return _version_id(name, answer.headers.get("x-amz-version-id"))

    def abort_upload(self, name: str, upload_id: str) -> None:
        """Raises UploadGone."""
        with asking(name, self.address, writes=True):
            self._minio()._abort_multipart_upload(self.address.bucket, name, upload_id)

    def begun_uploads(self) -> Iterator[BegunUpload]:
        """All uploads that were begun and neither completed nor aborted."""
        beyond: dict[str, str] = {}
        while True:
            with asking("", self.address):
                query = {"uploads": "", "delimiter": "", "prefix": "", "max-uploads": "1000", "encoding-type": "url"}
                answer = self._ask("GET", None, query_params=query | beyond)
                page = ListMultipartUploadsResult(answer)
                now = parsedate_to_datetime(answer.headers["Date"])
            for each in page.uploads:
                if each.upload_id and each.initiated_time:
                    yield BegunUpload(each.object_name, each.upload_id, now - each.initiated_time)
            if not page.is_truncated or not page.next_key_marker:
                return
            # By name alone: of a name with more uploads than a page holds, the rest comes when these were swept.
            beyond = {"key-marker": page.next_key_marker}

    def read(self, version: Version, offset: int, end: int) -> Any:
        """An answer whose body is [offset, end), not read yet."""
        with asking(version.name, self.address):
            return self._ask(
                "GET",
                version.name,
                headers={"Range": f"bytes={offset}-{end - 1}"},
                query_params={"versionId": version.version_id},
                preload_content=False,
            )

    def remove(self, name: str, version_id: str) -> None:
        """Remove one version for good; no error when it is gone."""
        with asking(name, self.address, writes=True):
            self._ask("DELETE", name, query_params={"versionId": version_id})

    def keeping(self, version: Version) -> Keeping:
        """By any mode of lock."""
        until, _ = self._retention(version)
        return Keeping(until, self._asked_of_lock(version, "legal-hold").get("Status") == "ON")

    def lengthen(self, version: Version, until: datetime) -> None:
        """Keep in compliance mode until `until`, a whole second, or as long as it is kept already."""
        now, mode = self._retention(version)
        if now is not None and now >= until and mode == COMPLIANCE:
            return
        with asking(version.name, self.address):
            wanted = Retention(COMPLIANCE, until if now is None else max(now, until))
            self._minio().set_object_retention(self.address.bucket, version.name, wanted, version.version_id)

    def set_hold(self, version: Version, held: bool) -> None:
        with asking(version.name, self.address):
            client = self._minio()
            change = client.enable_object_legal_hold if held else client.disable_object_legal_hold
            change(self.address.bucket, version.name, version.version_id)

    def _retention(self, version: Version) -> tuple[datetime | None, str | None]:
        # minio's own call does not understand the nanoseconds that Ceph writes.
        said = self._asked_of_lock(version, "retention")
        until = said.get("RetainUntilDate")
        return (None if until is None else _instant(version.name, until)), said.get("Mode")

    def _asked_of_lock(self, version: Version, what: str) -> dict[str, str]:
        with asking(version.name, self.address):
            try:
                query = {what: "", "versionId": version.version_id}
                answer = self._ask("GET", version.name, query_params=query)
            except S3Error as error:
                if error.code in _NO_LOCK:
                    return {}
                raise
            return {each.tag.rpartition("}")[2]: each.text or "" for each in _parse(answer.data)}

    def _said_of_body(self, read_back: bool) -> dict[str, Any]:
        return {_CONTENT_SHA256: _UNSIGNED} if read_back and self.address.is_https else {}

    def _ask(self, method: str, name: str | None, **how: Any) -> Any:
        return self._minio()._execute(method, self.address.bucket, name, **how)

    def _minio(self) -> Minio:
        if self._client is None or self._made_in != os.getpid():
            self._client, self._made_in = _client(self.address), os.getpid()
        return self._client


class _Client(Minio):
    """The library's, which makes a digest of every body: SHA-256 for http, MD5 for https. But none where a request says
    so: of a film the MD5 alone takes as long as three SHA-256.
    """

    def _build_headers(
        self, host: str, headers: Any = None, body: bytes | None = None, creds: Any = None
    ) -> tuple[Any, datetime]:
        if body is None or not headers or headers.get(_CONTENT_SHA256) != _UNSIGNED:
            return super()._build_headers(host, headers, body, creds)
        built, date = super()._build_headers(host, headers, None, creds)
        return {**built, "Content-Length": str(len(body)), _CONTENT_SHA256: _UNSIGNED}, date


def _client(address: S3Address) -> Minio:
    host = address.url.partition("://")[2]
    patience = address.patience
    pool = urllib3.PoolManager(
        maxsize=POOLED_CONNECTIONS,
        timeout=urllib3.Timeout(connect=patience.connect_seconds, read=patience.read_seconds),
        ssl_context=ssl.create_default_context(cafile=address.ca_file),
        # Every request may be sent twice: what was put is looked at afterwards (s3_writer.py), and an upload that was
        # begun twice is swept.
        retries=urllib3.Retry(
            total=patience.repeats,
            redirect=0,
            backoff_factor=0.2,
            status_forcelist=_REPEATED,
            allowed_methods=None,
            raise_on_status=False,
            respect_retry_after_header=False,
        ),
    )
    return _Client(
        host,
        access_key=address.access_key,
        secret_key=address.secret_key,
        secure=address.is_https,
        region=address.region,
        http_client=pool,
    )


def whole_seconds(instant: datetime) -> datetime:
    """Rounded up: what is to be kept is never kept for less."""
    return datetime.fromtimestamp(math.ceil(instant.timestamp()), UTC)


def _instant(name: str, text: str) -> datetime:
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise StoreUnavailable(name, f"the server keeps it until {text!r}, which is no instant")
    whole = datetime.fromisoformat(match[1]).replace(tzinfo=UTC)
    return whole + timedelta(seconds=1) if (match[2] or "").strip(".0") else whole


def _parse(answer: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(answer)  # noqa: S314  of the server whom all footage is handed to


def _version_id(name: str, found: str | None) -> str:
    if not found:
        raise StoreUnavailable(name, "the server gave it no version; is versioning enabled in the bucket?")
    return found
