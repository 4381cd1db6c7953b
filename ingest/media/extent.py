"""How much of a file there is against what it declares, and what in it is nothing but zeros: as JSON, from inside.

What measures is imported for the files that declare something, as inside.py has it.
"""

from __future__ import annotations

from ingest.media.zeros import find_zeros

TYPE_CHECKING = False  # typing takes longer to import than all of this
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, BinaryIO

# JPEG and PNG: whether all of them is there shows nowhere but in their decoding.
STILLS = (b"\xff\xd8\xff", b"\x89PNG")


def measure_file(path: str) -> dict[str, Any]:
    """`boxes` of damage.py and `zeros`, each only where there is something to say."""
    with open(path, "rb") as handle:  # noqa: PTH123 - pathlib is imported only for what is worth it
        is_worth_it = not handle.read(4).startswith(STILLS) or has_more(handle)
    said = {"boxes": measure_boxes(path) if is_worth_it else None}
    if (zeros := find_zeros(path, padding_of)) is not None:
        said["zeros"] = {"bytes": zeros[0], "first_at": zeros[1]}
    return {name: found for name, found in said.items() if found is not None}


def has_more(handle: BinaryIO) -> bool:
    """Whether something follows the end of a photograph that is worth a look, or that end is missing: most of ten
    thousand have nothing, and need not wait for what measures."""
    from ingest.media.still_end import SHORTEST_BEHIND, end_of_still

    size = handle.seek(0, 2)
    end = end_of_still(handle, size)
    return end is not None and (end > size or size - end >= SHORTEST_BEHIND)


def measure_boxes(path: str) -> dict[str, Any] | None:
    from dataclasses import asdict
    from pathlib import Path

    from ingest.media import damage

    boxes = damage.measure_boxes(Path(path))
    return None if boxes is None else {**asdict(boxes), "kinds": sorted(boxes.kinds)}


def padding_of(path: str) -> Sequence[tuple[int, int]]:
    from pathlib import Path

    from ingest.media import padding

    return padding.padding_of(Path(path))
