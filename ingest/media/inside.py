"""What reads boxes, EXIF and position tracks, and runs inside the sandbox: one process a file.

    python -I -S -B inside.py MEDIA PACKAGE…       lines of JSON, none where there is nothing to say; each PACKAGE is a
                                                   folder to import from

Pure Python decodes nothing and cannot overrun a buffer, but a parser may be led in circles or to eat all memory: here
that costs this process its deadline. Nothing is imported before the first bytes say that it will be needed, because
sealing ten thousand small files waits for every millisecond of this start.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing takes longer to import than all of this
if TYPE_CHECKING:
    from collections.abc import Iterator

# ISO/IEC 14496-12 boxes (their type stands at 4), RIFF, JPEG, TIFF, PNG, MPEG-TS, MPEG-PS, Matroska, MPEG sound, AMR
# and ADTS.
SIGNATURES = (
    b"RIFF",
    b"RF64",
    b"\xff\xd8\xff",
    b"II*\0",
    b"MM\0*",
    b"\x89PNG",
    b"\x47",
    b"\0\0\x01\xba",
    b"\x1a\x45\xdf\xa3",
    b"ID3",
    b"#!AMR",
    *(bytes((0xFF, second)) for second in (0xE2, 0xE3, 0xF0, 0xF1, 0xF2, 0xF3, 0xF8, 0xF9, 0xFA, 0xFB)),
)


def is_worth_reading(start: bytes) -> bool:
    """Boxes begin with a type of printable letters; sidecars and lists of positions are text."""
    if start.startswith(SIGNATURES) or start[4:5] == b"\x47":
        return True
    return len(start) >= 8 and all(0x20 <= letter < 0x7F or letter in b"\n\r\xa9" for letter in start[4:8])


def read_everything(path: str) -> Iterator[dict[str, object]]:
    """Each reader by itself: what breaks one says so, and keeps nothing from the other."""
    from ingest.media.extent import measure_file
    from ingest.metadata.reading import read_file_facts

    for name, read in (("extent", measure_file), ("contents", read_file_facts)):
        try:
            if found := read(path):
                yield {name: found}
        except Exception as error:  # RecursionError and MemoryError are among them.
            yield {"failed": [f"{name}: {type(error).__name__}"]}


def main() -> int:
    media, *packages = sys.argv[1:]
    # The standard library comes first: nothing of ours may stand in for a part of it.
    sys.path.extend({os.path.dirname(package): None for package in packages})  # noqa: PTH120 - pathlib takes longer to import than all of this
    with open(media, "rb") as handle:  # noqa: PTH123 - pathlib is imported only for what is worth it
        start = handle.read(16)
    for answer in read_everything(media) if is_worth_reading(start) else ():
        import json  # Of many a picture there is nothing to say.

        print(json.dumps(answer), flush=True)  # What costs the next one its life leaves this one.
    return 0


if __name__ == "__main__":
    sys.exit(main())
