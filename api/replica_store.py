"""The second store that the settings name: a folder or a bucket, where each stored object is copied to. Or none."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from urllib.parse import urlsplit

from api.errors import UsageRefused
from api.object_store import bucket_address, bucket_refused, open_bucket, store_address
from api.settings import Settings
from ingest.replica.errors import ReplicaIsStore
from ingest.replica.mark import Replica, require_other_store
from storage.errors import BucketUnusable, ObjectStoreError
from storage.objects.folder import FolderStore
from storage.objects.protocol import ObjectStore
from storage.objects.s3_address import Patience, S3Address

AT_THE_START = Patience(connect_seconds=3.0, read_seconds=10.0, repeats=0)
"""An archive that starts does not wait for its replica."""
_PORTS = {"http": 80, "https": 443}


def open_replica(settings: Settings, patience: Patience | None = None) -> Replica | None:
    """Nothing is asked of it yet. Raises UsageRefused where it is only half named, or is the store itself."""
    address = bucket_address(settings, "replica_")
    folder = settings.replica_folder
    if folder is not None and address is not None:
        raise UsageRefused(
            "副本存储只能是目录或存储桶之一：LIUHEN_REPLICA_FOLDER 与 LIUHEN_REPLICA_S3_URL 不能同时设置",
            "the replica is a folder or a bucket: set either LIUHEN_REPLICA_FOLDER or LIUHEN_REPLICA_S3_URL, not both",
        )
    if folder is not None:
        require_other_folder("副本存储", "the replica", folder, folder_of(settings))
        return Replica(FolderStore(folder), str(folder))
    if address is None:
        return None
    require_other_bucket("副本存储", "the replica", address, store_address(settings))
    store: ObjectStore = open_bucket(address if patience is None else dataclasses.replace(address, patience=patience))
    return Replica(store, str(address))


def replica_secrets(settings: Settings) -> dict[str, str]:
    """What a process needs of the environment to open it, and what others are not given."""
    given = {
        "LIUHEN_REPLICA_S3_ACCESS_KEY": settings.replica_s3_access_key,
        "LIUHEN_REPLICA_S3_SECRET_KEY": settings.replica_s3_secret_key,
    }
    return {name: value for name, value in given.items() if value is not None}


def require_usable_replica(settings: Settings) -> None:
    """Return where copies can be kept, or where that cannot be asked now: a replica that is away keeps nothing from
    starting. Raises StoreUnusable, which says what to do, and UsageRefused."""
    replica = open_replica(settings, AT_THE_START)
    if replica is None:
        return
    address = bucket_address(settings, "replica_")
    try:
        if address is not None:
            open_bucket(dataclasses.replace(address, patience=AT_THE_START)).require_usable()
        require_other_store(replica)
    except BucketUnusable as error:
        raise bucket_refused(error) from error
    except ReplicaIsStore as error:
        raise UsageRefused(
            f"{replica.place} 中有账本，是主存储或另一档案的存储；请为副本存储另指定目录或存储桶", str(error)
        ) from error
    except ObjectStoreError:
        return  # /readyz says so, and copying waits for it


def folder_of(settings: Settings) -> Path | None:
    """Where objects lie, if that is a folder."""
    return settings.data / "objects" if store_address(settings) is None else None


def require_other_folder(chinese: str, english: str, folder: Path, other: Path | None) -> None:
    """Below the store, what is in the second place would be objects; above it, the store would be among those. Raises
    UsageRefused."""
    if other is None:
        return
    here, there = folder.resolve(), other.resolve()
    if here == there or here in there.parents or there in here.parents or _is_same(here, there):
        raise _same_place(chinese, english, str(folder), str(other))


def require_other_bucket(chinese: str, english: str, address: S3Address, other: S3Address | None) -> None:
    """Raises UsageRefused."""
    if other is not None and (_server(address), address.bucket) == (_server(other), other.bucket):
        raise _same_place(chinese, english, str(address), str(other))


def _is_same(here: Path, there: Path) -> bool:
    """Two names of one folder: a bind mount."""
    try:
        return here.samefile(there)
    except OSError:
        return False


def _server(address: S3Address) -> tuple[str | None, int | None]:
    parts = urlsplit(address.url)
    return parts.hostname, parts.port or _PORTS[parts.scheme]


def _same_place(chinese: str, english: str, second: str, first: str) -> UsageRefused:
    return UsageRefused(
        f"{chinese} {second} 与 {first} 是同一处，或一个在另一个之中，坏则俱坏；请另指定一处，最好在另一台机器上",
        f"{english} {second} and {first} are one place, or one is inside the other, so both would be lost "
        "at once: name another place, best on another machine",
    )
