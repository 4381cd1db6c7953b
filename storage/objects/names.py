"""Which names an object may have, the same in every store, so that an archive can move from a folder to S3 and back.

A name is segments joined by "/". A segment is [a-z0-9._-], 1 to 200 characters, and begins with none of "." and "-":
so no "..", no hidden file, no option on a command line, and nothing that a store keeps for itself. At most 800
characters in all, which S3 (1,024 bytes) and every file system below a store's root can hold.
"""

from __future__ import annotations

import re

from storage.errors import NameRefused

NAME_CHARACTERS = 800
_SEGMENT = re.compile(r"[a-z0-9_][a-z0-9._-]{0,199}")


def require_name(name: str) -> tuple[str, ...]:
    """The segments of `name`. Raises NameRefused, saying which rule it breaks."""
    if len(name) > NAME_CHARACTERS:
        raise NameRefused(name[:80] + "…", f"longer than {NAME_CHARACTERS} characters")
    segments = tuple(name.split("/"))
    for segment in segments:
        if not _SEGMENT.fullmatch(segment):
            raise NameRefused(name, f"segment {segment!r} is not 1 to 200 of [a-z0-9._-], beginning with [a-z0-9_]")
    return segments
