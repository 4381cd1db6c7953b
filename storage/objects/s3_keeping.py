"""What a bucket's Object Lock keeps, in compliance mode: nobody shortens it, whoever has the access key."""

from __future__ import annotations

from datetime import UTC, datetime

from storage.errors import ObjectKept, ObjectMissing, StoreReadOnly
from storage.objects.protocol import NOT_KEPT, Keeping
from storage.objects.s3_bucket import S3Bucket, Version, whole_seconds
from storage.objects.s3_versions import Found


def keep_until(bucket: S3Bucket, version: Version, until: datetime) -> Keeping:
    wanted = whole_seconds(until)
    try:
        bucket.lengthen(version, wanted)
    except Exception:
        # Somebody may have lengthened it further just now; then the server refuses ours as shortening.
        now = bucket.keeping(version)
        if now.until is None or now.until < wanted:
            raise
        return now
    return bucket.keeping(version)


def carry_over(bucket: S3Bucket, former: Version | None, version: Version) -> None:
    """What kept a lost version keeps the one that was put in its place."""
    if former is None:
        return
    kept = bucket.keeping(former)
    if kept.until is not None and kept.forbids(datetime.now(UTC)):
        bucket.lengthen(version, kept.until)
    if kept.held:
        bucket.set_hold(version, True)


def remove_all(bucket: S3Bucket, name: str, found: Found, object_version: Version) -> None:
    """Remove every version, that of the object last: until then it is whole. Raises ObjectKept, and nothing is removed.

    By the server's clock, should it differ: what it refuses stays.
    """
    _require_unkept(bucket, name, found)
    others = [version for version in found.versions if version != object_version]
    try:
        for version in (*others, object_version):
            bucket.remove(name, version.version_id)
    except StoreReadOnly:
        _require_unkept(bucket, name, found, later=True)
        raise


def _require_unkept(bucket: S3Bucket, name: str, found: Found, *, later: bool = False) -> None:
    now = datetime.now(UTC)
    for version in found.versions:
        try:
            kept = bucket.keeping(version)
        except ObjectMissing:
            continue
        if kept.forbids(now) or (later and kept != NOT_KEPT):
            raise ObjectKept(name, kept.until, kept.held)
