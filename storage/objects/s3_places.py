"""No name is also the folder of another: what a folder store gets from its file system, and S3 does not know of."""

from __future__ import annotations

from storage.errors import NameRefused
from storage.objects.s3_bucket import S3Bucket
from storage.objects.s3_versions import Found, look_at


class Places:
    """Remembers which names are folders of objects, so that each is asked for once. Threads may share it.

    Where objects are deleted, what was remembered is forgotten. Another process that makes an object of a name whose
    last object it removed itself is not seen: no name of an archive is ever used for both.
    """

    _REMEMBERED = 4096

    def __init__(self, bucket: S3Bucket) -> None:
        self._bucket = bucket
        self._folders: set[str] = set()

    def require_free(self, name: str) -> Found:
        """What stands under `name`. Raises NameRefused where it, or a part of it, is something else already."""
        for folder in _folders_above(name):
            if folder not in self._folders and look_at(self._bucket, folder).versions:
                raise NameRefused(name, f"{folder} is an object, and cannot be a folder as well")
        found = look_at(self._bucket, name)
        if found.is_folder:
            raise NameRefused(name, "it is a folder of other objects")
        return found

    def remember(self, name: str) -> None:
        """That `name` is an object, and what is above it therefore no object can be."""
        if len(self._folders) >= self._REMEMBERED:
            self._folders.clear()
        self._folders.update(_folders_above(name))

    def forget(self) -> None:
        self._folders.clear()


def _folders_above(name: str) -> list[str]:
    segments = name.split("/")
    return ["/".join(segments[:count]) for count in range(1, len(segments))]
