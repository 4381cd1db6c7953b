"""The cold place that the settings name: a folder or a bucket for originals that are seldom looked at. Or none."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from sqlalchemy import exists, select

from api.errors import UsageRefused
from api.object_store import bucket_address, bucket_refused, open_bucket, store_address
from api.replica_store import AT_THE_START, folder_of, require_other_bucket, require_other_folder
from api.settings import Settings
from ingest.cold.errors import ColdIsStore
from ingest.cold.place import COLD_PLACE, ColdPlace, require_other_store
from retention.cold_rule import ColdRule
from storage.catalog.cold import COLD, ColdObject
from storage.database import Database
from storage.errors import BucketUnusable, ObjectStoreError
from storage.objects.folder import FolderStore
from storage.objects.s3_address import Patience, S3Address

_WORDS = "冷存储", "the cold place"


def open_cold_place(settings: Settings, patience: Patience | None = None) -> ColdPlace | None:
    """Nothing is asked of it yet. Raises UsageRefused where it is half named, or is another store of the archive."""
    address, folder = bucket_address(settings, "cold_"), settings.cold_folder
    if folder is not None and address is not None:
        raise UsageRefused(
            "冷存储只能是目录或存储桶之一：LIUHEN_COLD_FOLDER 与 LIUHEN_COLD_S3_URL 不能同时设置",
            "the cold place is a folder or a bucket: set either LIUHEN_COLD_FOLDER or LIUHEN_COLD_S3_URL, not both",
        )
    if folder is not None:
        _require_other_folder(folder, settings)
        return ColdPlace(FolderStore(folder), str(folder))
    if address is None:
        return None
    _require_other_bucket(address, settings)
    store = open_bucket(address if patience is None else dataclasses.replace(address, patience=patience))
    return ColdPlace(store, str(address))


def cold_rule(settings: Settings) -> ColdRule:
    return ColdRule(settings.cold_after_days, settings.cold_quiet_days, frozenset(settings.cold_classes))


def cold_secrets(settings: Settings) -> dict[str, str]:
    """What a process needs of the environment to open it."""
    given = {
        "LIUHEN_COLD_S3_ACCESS_KEY": settings.cold_s3_access_key,
        "LIUHEN_COLD_S3_SECRET_KEY": settings.cold_s3_secret_key,
    }
    return {name: value for name, value in given.items() if value is not None}


def require_usable_cold_place(settings: Settings) -> None:
    """Return where originals can be kept, or where that cannot be asked now: a cold place that is away keeps nothing
    from starting. Raises StoreUnusable, which says what to do, and UsageRefused."""
    cold = open_cold_place(settings, AT_THE_START)
    if cold is None:
        return
    address = bucket_address(settings, "cold_")
    try:
        if address is not None:
            open_bucket(dataclasses.replace(address, patience=AT_THE_START)).require_usable()
        require_other_store(cold)
    except BucketUnusable as error:
        raise bucket_refused(error) from error
    except ColdIsStore as error:
        raise UsageRefused(
            f"{cold.place} 中有账本或副本，是本档案或另一档案的存储；请为冷存储另指定目录或存储桶", str(error)
        ) from error
    except ObjectStoreError:
        return  # /readyz says so, and moving waits for it


def require_cold_place_named(settings: Settings, database: Database) -> None:
    """Nobody gets what was moved where no setting says where to. Raises UsageRefused."""
    if settings.cold_place is not None:
        return
    with database.reading() as session:
        known = COLD_PLACE.find_in_use(session)
        if known is None or session.scalar(select(~exists().where(ColdObject.state == COLD))):
            return
    raise UsageRefused(
        f"有原件在冷存储 {known.place} 中，而没有设置冷存储；请设置 LIUHEN_COLD_FOLDER，或 LIUHEN_COLD_S3_URL 等",
        f"originals lie in the cold place {known.place}, and none is named: set LIUHEN_COLD_FOLDER, or "
        "LIUHEN_COLD_S3_URL and its neighbours",
    )


def _require_other_folder(folder: Path, settings: Settings) -> None:
    for other in (folder_of(settings), settings.replica_folder):
        require_other_folder(*_WORDS, folder, other)


def _require_other_bucket(address: S3Address, settings: Settings) -> None:
    for other in (store_address(settings), _replica_address(settings)):
        require_other_bucket(*_WORDS, address, other)


def _replica_address(settings: Settings) -> S3Address | None:
    """Without its keys, which not every process has that opens the cold place."""
    url, bucket = settings.replica_s3_url, settings.replica_s3_bucket
    return None if url is None or bucket is None else S3Address(url, bucket, settings.replica_s3_region, "", "", None)
