"""Room that a container keeps by its own word: zeros there are no footage that is missing.

Asked only of a file in which zeros were found. Like damage.py this runs inside the sandbox, within an allowance.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ingest.ebml import MAGIC, VOID
from ingest.media.boxes import Allowance, read_boxes
from ingest.media.matroska import walk_elements
from ingest.media.riff import FORMS, ROOM, any_list, walk_chunks
from ingest.media.sound_totals import end_of_tag

Span = tuple[int, int]

_MP4: Final = frozenset({b"free", b"skip", b"wide"})


def padding_of(path: Path) -> list[Span]:
    """From where to where, in bytes, in the order of the file. Empty for containers that know none."""
    size, allowance = path.stat().st_size, Allowance.of_one_file()
    with path.open("rb") as handle:
        start = handle.read(12)
        if start[:4] in FORMS:
            chunks = walk_chunks(handle, 0, size, allowance, any_list)
            return [(chunk.content_at, chunk.stop) for chunk in chunks if chunk.kind in ROOM]
        if start[:3] == b"ID3":
            return [(0, min(end_of_tag(start), size))]
        if start[:4] == MAGIC:
            elements = walk_elements(handle, size, allowance)
            return [(each.content_at, each.end) for each in elements if each.kind == VOID]
        boxes = read_boxes(handle, 0, size, allowance)
        return [(box.content_at, min(box.end, size)) for box in boxes if box.kind in _MP4]
