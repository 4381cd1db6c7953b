"""A fragmented MP4 that a demuxer can go through: what lies between its fragments and is no box becomes room.

    python -I -S -B bridge.py over MEDIA OUT SPANS PACKAGE…  writes OUT; SPANS: as JSON, from where to where, in bytes

One line of JSON: how many there were. Runs inside the sandbox. All else is copied as it is, to where it was: fragments
may say where their samples lie by bytes of the file. Room is a box `free` (ISO/IEC 14496-12, 8.1.2), whose head takes
the place of the first bytes of what was no box; where that is too short for a head nothing is done about it.
"""

from __future__ import annotations

import json
import shutil
import struct
import sys

HEAD, LARGE_HEAD = struct.Struct(">I4s"), struct.Struct(">I4sQ")
MOST_SMALL = (1 << 32) - 1


def head_of_room(size: int) -> bytes:
    return HEAD.pack(size, b"free") if size <= MOST_SMALL else LARGE_HEAD.pack(1, b"free", size)


def bridge(media: str, out: str, spans: list[tuple[int, int]]) -> int:
    bridged = 0
    with open(media, "rb") as source, open(out, "wb") as target:  # noqa: PTH123 - as inside.py
        shutil.copyfileobj(source, target, 1 << 20)
        for at, end in spans:
            if end - at >= HEAD.size:
                target.seek(at)
                target.write(head_of_room(end - at))
                bridged += 1
    return bridged


def main() -> int:
    _, media, out, spans, *_ = sys.argv[1:]
    print(json.dumps({"bridged": bridge(media, out, json.loads(spans))}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
