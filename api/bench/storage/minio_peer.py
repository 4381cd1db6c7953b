"""The peer of the store in S3: the client library's own calls, as a program would use them, without this archive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import urllib3
from minio import Minio
from minio.error import MinioException

from api.bench.errors import PeerFailed
from storage.objects.s3_address import S3Address


class BareClient:
    """One bucket, by the library's defaults: parts of its own size, three of them at once."""

    def __init__(self, address: S3Address) -> None:
        scheme, _, host = address.url.partition("://")
        self._bucket = address.bucket
        self._client = Minio(
            host,
            access_key=address.access_key,
            secret_key=address.secret_key,
            secure=scheme == "https",
            region=address.region,
            http_client=None if address.ca_file is None else urllib3.PoolManager(ca_certs=str(address.ca_file)),
        )

    def put_file(self, name: str, path: Path) -> None:
        """Raises PeerFailed."""
        with _translated("fput_object"):
            self._client.fput_object(self._bucket, name, str(path))

    def get_file(self, name: str, path: Path) -> None:
        """Raises PeerFailed."""
        with _translated("fget_object"):
            self._client.fget_object(self._bucket, name, str(path))

    def get_span(self, name: str, offset: int, length: int) -> bytes:
        """One ranged GET. Raises PeerFailed."""
        with _translated("get_object"):
            response = self._client.get_object(self._bucket, name, offset=offset, length=length)
            try:
                body: bytes = response.read()
                return body
            finally:
                response.close()
                response.release_conn()


@contextmanager
def _translated(step: str) -> Iterator[None]:
    try:
        yield
    except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
        raise PeerFailed(step, 1, f"{type(error).__name__}: {error}"[:300]) from error
