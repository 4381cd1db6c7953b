"""The object store that the settings name: a folder, or a bucket of an S3 server. Nobody else makes one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from api.errors import StoreUnusable, UsageRefused
from api.setting_files import A_KEY, one_of
from api.settings import PREFIX, Settings
from storage.errors import (
    AccessKeyRefused,
    BucketUnusable,
    CertificateRefused,
    ClockDiffers,
    ObjectStoreError,
    StoreRefused,
)
from storage.objects.folder import FolderStore
from storage.objects.protocol import ObjectStore
from storage.objects.s3_address import S3Address

if TYPE_CHECKING:
    from storage.objects.s3 import S3Store

TRIED_SECONDS = 1.0
_REMEDIES = {
    "missing": ("没有此存储桶；请先建立并启用对象锁定", "there is no such bucket: make it, with Object Lock"),
    "without-lock": (
        "存储桶未启用对象锁定（Object Lock），无法保证不被删除；多数服务只能在建桶时启用，请另建一个",
        "the bucket has no Object Lock, so nothing in it is safe from deletion: make another one with it, which most "
        "servers give only then",
    ),
    "without-versions": ("存储桶未启用版本控制；请启用", "the bucket keeps no versions: enable versioning"),
    "locks-by-itself": (
        "存储桶设有默认保留规则，未成为原始记录的对象将无法清除；请删除该规则，档案系统会逐个锁定",
        "the bucket has a default retention rule, so that what became no recording could not be removed: take the rule "
        "away, the archive locks each object by itself",
    ),
}


def open_store(settings: Settings) -> ObjectStore:
    """Nothing is asked of it yet. Raises UsageRefused where it is only half named."""
    address = store_address(settings)
    return FolderStore(settings.data / "objects") if address is None else open_bucket(address)


def open_bucket(address: S3Address) -> S3Store:
    # Where objects lie in a folder, no process has the client of S3 in memory.
    from storage.objects.s3 import S3Store

    return S3Store(address)


def store_address(settings: Settings) -> S3Address | None:
    """The bucket that the settings name; None where objects are in a folder. Raises UsageRefused."""
    return bucket_address(settings, "")


def bucket_address(settings: Settings, of: str) -> S3Address | None:
    """The bucket that is named by the settings whose names begin with `of`; None where none is. Raises UsageRefused."""

    def named(name: str) -> Any:
        return getattr(settings, f"{of}{name}")

    prefix = f"{PREFIX}{of.upper()}"
    access_key = one_of(named("s3_access_key"), named("s3_access_key_file"), f"{prefix}S3_ACCESS_KEY", A_KEY)
    secret_key = one_of(named("s3_secret_key"), named("s3_secret_key_file"), f"{prefix}S3_SECRET_KEY", A_KEY)
    given = {
        f"{prefix}S3_URL": named("s3_url"),
        f"{prefix}S3_BUCKET": named("s3_bucket"),
        f"{prefix}S3_ACCESS_KEY": access_key,
        f"{prefix}S3_SECRET_KEY": secret_key,
    }
    if named("s3_url") is None and named("s3_bucket") is None:
        return None
    missing = ", ".join(name for name, value in given.items() if value is None)
    if missing:
        raise UsageRefused(
            f"对象存储须同时设置地址、存储桶和访问密钥，缺少 {missing}",
            f"a store in S3 needs an address, a bucket and an access key, and {missing} is not set",
        )
    url, bucket, access, secret = (str(value) for value in given.values())
    return S3Address(url, bucket, named("s3_region"), access, secret, named("s3_ca_file"))


def store_secrets(settings: Settings) -> dict[str, str]:
    """What a process needs of the environment to open the store, and what others are not given."""
    given = {"LIUHEN_S3_ACCESS_KEY": settings.s3_access_key, "LIUHEN_S3_SECRET_KEY": settings.s3_secret_key}
    return {name: value for name, value in given.items() if value is not None}


def require_usable_store(settings: Settings) -> None:
    """Return where evidence can be kept. Raises StoreUnusable, which says what to do, and UsageRefused."""
    address = store_address(settings)
    try:
        if address is not None:
            open_bucket(address).require_usable()
        open_store(settings).require_working()
    except BucketUnusable as error:
        raise bucket_refused(error) from error
    except ObjectStoreError as error:
        raise StoreUnusable(place_of(settings), _chinese(error), str(error)) from error


def bucket_refused(error: BucketUnusable) -> StoreUnusable:
    """With what to do about it."""
    return StoreUnusable(error.address, *_REMEDIES[error.reason])


class TriedStore:
    """That a store can be written to, tried once in a second for all who ask: nobody who asks is signed in, and every
    try writes. What fails is tried again by the next."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._worked_at = float("-inf")

    def require_working(self) -> None:
        """Raises what the store raises."""
        if time.monotonic() - self._worked_at >= TRIED_SECONDS:
            self._store.require_working()
            self._worked_at = time.monotonic()


def place_of(settings: Settings) -> str:
    """Where objects are, for a person."""
    address = store_address(settings)
    return str(settings.data / "objects") if address is None else str(address)


def _chinese(error: ObjectStoreError) -> str:
    match error:
        case AccessKeyRefused():
            return "访问密钥不被接受；请核对 LIUHEN_S3_ACCESS_KEY 和 LIUHEN_S3_SECRET_KEY（或其文件）"
        case ClockDiffers():
            return "本机与存储服务的时钟相差过大；请用 NTP 校准"
        case CertificateRefused():
            return "存储服务的证书无效或不受信任；请更新证书，或用 LIUHEN_S3_CA_FILE 指明签发者"
        case StoreRefused():
            return "存储拒绝读写；请检查存储桶的权限策略，或目录的属主和权限"
        case _:
            return "存储无应答或空间不足；请检查地址、网络和剩余空间"
