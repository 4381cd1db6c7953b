"""Where errors of an S3 server, of its client library and of the network become errors of the store."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from xml.etree.ElementTree import ParseError

import urllib3.exceptions
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError

from storage.errors import (
    AccessKeyRefused,
    BucketRefused,
    CertificateRefused,
    ClockDiffers,
    ObjectMissing,
    ObjectStoreError,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
)
from storage.objects.s3_address import S3Address

_MISSING = frozenset({"NoSuchKey", "NoSuchVersion"})
_WRONG_KEY = frozenset(
    {"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken", "InvalidSecurity"}
)
_REFUSED = frozenset({"AccessDenied", "AllAccessDisabled", "MethodNotAllowed", "AccountProblem", "UserSuspended"})
_FULL = frozenset({"QuotaExceeded", "StorageFull", "XMinioStorageFull", "InsufficientCapacity", "EntityTooLarge"})
_NO_ROOM_STATUS = 507


class PreconditionFailed(Exception):
    """If-None-Match: * — something stands under the name already. Never leaves storage/objects/s3*."""


class UploadGone(Exception):
    """The multipart upload is not there: completed, or aborted. Never leaves storage/objects/s3*."""


@contextmanager
def asking(name: str, address: S3Address, *, writes: bool = False) -> Iterator[None]:
    """Raise the store's own error for whatever goes wrong while the server is asked about `name`."""
    try:
        yield
    except S3Error as error:
        raise _of_answer(error, name, address, writes) from error
    except (InvalidResponseError, ServerError) as error:
        raise _of_status(error, name) from error
    except urllib3.exceptions.HTTPError as error:
        raise _of_network(error, name) from error
    # Half an answer: XML that ends in the middle, or says another thing than it should.
    except (MinioException, ParseError, ValueError, http.client.HTTPException, OSError) as error:
        raise StoreUnavailable(name, f"{type(error).__name__}: {error}"[:300]) from error


def _of_answer(error: S3Error, name: str, address: S3Address, writes: bool) -> Exception:
    code = error.code or "?"
    said = f"{code} {error.message}" if error.message else code
    if code in _MISSING:
        return ObjectMissing(name)
    if code == "PreconditionFailed":
        return PreconditionFailed(name)
    if code == "NoSuchUpload":
        return UploadGone(name)
    if code in _WRONG_KEY:
        return AccessKeyRefused(name, str(address), code)
    if code in _FULL or error.response.status == _NO_ROOM_STATUS:
        return StoreFull(name)
    if code == "RequestTimeTooSkewed":
        return ClockDiffers(name, code)
    if code in _REFUSED and writes:
        return StoreReadOnly(name, str(address), said)
    if code in _REFUSED or code == "NoSuchBucket":
        return BucketRefused(name, str(address), said)
    return StoreUnavailable(name, said)


def _of_status(error: MinioException, name: str) -> ObjectStoreError:
    """What answered is no S3 server, or one that had no time to say why: a proxy before it, most often."""
    status = error.status_code if isinstance(error, ServerError) else getattr(error, "_code", None)
    if status == _NO_ROOM_STATUS:
        return StoreFull(name)
    return StoreUnavailable(name, f"HTTP {status}, without an S3 server's words")


def _of_network(error: urllib3.exceptions.HTTPError, name: str) -> ObjectStoreError:
    cause: BaseException = error
    if isinstance(error, urllib3.exceptions.MaxRetryError) and error.reason is not None:
        cause = error.reason
    if isinstance(cause, urllib3.exceptions.SSLError):
        return CertificateRefused(name, str(cause)[:300])
    return StoreUnavailable(name, f"{type(cause).__name__}: {cause}"[:300])
