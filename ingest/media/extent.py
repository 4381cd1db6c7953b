"""How much of a file there is against what it declares, and what in it is nothing but zeros: as JSON, from inside.

What measures is imported for the files that declare something, as inside.py has it.
"""

from __future__ import annotations

from ingest.media.zeros import find_zeros

TYPE_CHECKING = False  # typing takes longer to import than all of this
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, BinaryIO

    from ingest.media.damage import Boxes

# JPEG and PNG: whether all of them is there shows nowhere but in their decoding.
STILLS = (b"\xff\xd8\xff", b"\x89PNG")


def measure_file(path: str) -> dict[str, Any]:
    """`boxes` of damage.py and `zeros`, each only where there is something to say."""
    with open(path, "rb") as handle:  # noqa: PTH123 - pathlib is imported only for what is worth it
        is_worth_it = not handle.read(4).startswith(STILLS) or has_more(handle)
    boxes = measure_boxes(path) if is_worth_it else None
    said: dict[str, Any] = {} if boxes is None else {"boxes": boxes_as_facts(boxes)}
    if (zeros := find_zeros(path, padding_of, None if boxes is None else boxes.film_end)) is not None:
        said["zeros"] = {"bytes": zeros[0], "first_at": zeros[1]}
    return said


def has_more(handle: BinaryIO) -> bool:
    """Whether something follows the end of a photograph that is worth a look, or that end is missing: most of ten
    thousand have nothing, and need not wait for what measures."""
    from ingest.media.still_end import SHORTEST_BEHIND, end_of_still

    size = handle.seek(0, 2)
    end = end_of_still(handle, size)
    return end is not None and (end > size or size - end >= SHORTEST_BEHIND)


def measure_boxes(path: str) -> Boxes | None:
    from pathlib import Path

    from ingest.media import damage

    return damage.measure_boxes(Path(path))


def boxes_as_facts(boxes: Boxes) -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(boxes), "kinds": sorted(boxes.kinds)}


def padding_of(path: str) -> Sequence[tuple[int, int]]:
    from pathlib import Path

    from ingest.media import padding

    return padding.padding_of(Path(path))
