"""Which version of a name is the object.

Where If-None-Match is not honoured (Ceph honours it in no bucket with versions) S3 takes a second version under a name;
but it never loses the first. So the first is the object: whoever put a later one finds that out by looking, and takes
it away again; until then, and after a crash for ever, nobody reads it. Only mending makes a later one count, and says
so in its metadata. Versions are in the order in which the server linked them, the newest first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from storage.objects.s3_bucket import S3Bucket, Version


@dataclass(frozen=True, slots=True)
class Found:
    """What stands under a name: its versions, the newest first, and whether it is the folder of others."""

    versions: tuple[Version, ...]
    is_folder: bool


def look_at(bucket: S3Bucket, name: str) -> Found:
    """One request, unless hundreds of other names begin with this one."""
    versions, is_folder = [], False
    for each in bucket.versions(name, delimited=True):
        if isinstance(each, str):
            is_folder = is_folder or each == f"{name}/"
        elif each.name == name:
            versions.append(each)
    return Found(tuple(versions), is_folder)


def counting(bucket: S3Bucket, versions: Sequence[Version]) -> Version | None:
    """The version that is the object; no further request where there is only one."""
    for later in versions[:-1]:
        if bucket.mends(later):
            return later
    return versions[-1] if versions else None
