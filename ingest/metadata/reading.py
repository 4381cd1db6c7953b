"""What a file's own bytes say of it: run inside the sandbox, over one file, by ingest/media/inside.py.

Pure functions over bounded bytes. What they give is JSON, because another process turns it into claims.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ingest.metadata.claims import Claims, claims_as_facts, claims_from_facts

# What exifread looks for in a photograph, by its first bytes: JPEG, TIFF, PNG, and boxes of a HEIC or AVIF.
_PHOTOGRAPHS = (b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"\x89PNG", b"RIFF")
_PHOTOGRAPH_BRANDS = (b"heic", b"heix", b"mif1", b"msf1", b"avif", b"hevc")


def read_file_facts(path: Path) -> dict[str, Any]:
    """`exif`: claims of a photograph; `orientation`: which side of it is up, 1 to 8 (TIFF 6.0, tag 274)."""
    with path.open("rb") as handle:
        start = handle.read(64)
    if not is_photograph(start):
        return {}
    from ingest.metadata.exif import claims_of_tags, orientation_of_tags, read_exif

    tags = read_exif(path)
    return {"exif": claims_as_facts(claims_of_tags(tags)), "orientation": orientation_of_tags(tags)}


def is_photograph(start: bytes) -> bool:
    if start[4:8] == b"ftyp":
        return any(brand in start for brand in _PHOTOGRAPH_BRANDS)
    return start.startswith(_PHOTOGRAPHS) and (start[:4] != b"RIFF" or start[8:12] == b"WEBP")


def exif_claims(contents: dict[str, Any] | Any) -> Claims:
    """The photograph's claims out of what read_file_facts gave in another process."""
    said = contents.get("exif")
    return claims_from_facts(said) if isinstance(said, dict) else Claims()
