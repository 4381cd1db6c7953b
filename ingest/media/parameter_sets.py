"""The parameter sets of a film's pictures, out of its sample description: what a decoder needs before the first frame.

ISO/IEC 14496-15, 5.3.3 (avcC) and 8.3.3 (hvcC). Runs inside the sandbox (salvage.py), bounded; raises only ValueError.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

CODECS: Final = {b"avcC": "h264", b"hvcC": "hevc"}
MOST_SETS: Final = 64
MOST_SET_BYTES: Final = 4096
MOST_INDEX_BYTES: Final = 64 << 20
LENGTH_BYTES: Final = 4


@dataclass(frozen=True)
class ParameterSets:
    """`sets` are whole NAL units without a length or a start code; samples of theirs have lengths of 4 bytes."""

    codec: str
    sets: tuple[bytes, ...]

    def as_facts(self) -> dict[str, Any]:
        return {"codec": self.codec, "sets": [one.hex() for one in self.sets]}

    @classmethod
    def from_facts(cls, said: Any) -> ParameterSets:
        """Raises ValueError, KeyError or TypeError for anything else."""
        if said["codec"] not in CODECS.values() or not 0 < len(said["sets"]) <= MOST_SETS:
            raise ValueError("no parameter sets")
        return cls(said["codec"], tuple(bytes.fromhex(one)[:MOST_SET_BYTES] for one in said["sets"]))


def read_parameter_sets(path: Path) -> ParameterSets:
    """Of a whole MP4. Raises ValueError where it has none, or lengths of samples other than four bytes."""
    index = read_index(path)
    for kind, read in ((b"avcC", sets_of_avc), (b"hvcC", sets_of_hevc)):
        at = index.find(kind)
        if at >= 4:
            (size,) = struct.unpack_from(">I", index, at - 4)
            return ParameterSets(CODECS[kind], read(index[at + 4 : at - 4 + size]))
    raise ValueError("no sample description of H.264 or HEVC")


def read_index(path: Path) -> bytes:
    """The content of the box moov."""
    with path.open("rb") as handle:
        at, end = 0, path.stat().st_size
        for _ in range(100_000):
            handle.seek(at)
            header = handle.read(16)
            if len(header) < 8:
                break
            size, kind = struct.unpack_from(">I4s", header)
            if size == 1 and len(header) == 16:
                (size,) = struct.unpack_from(">Q", header, 8)
            size = end - at if size == 0 else size
            if kind == b"moov":
                return handle.read(min(size, MOST_INDEX_BYTES))
            if size < 8:
                break
            at += size
    raise ValueError("no moov")


def sets_of_avc(box: bytes) -> tuple[bytes, ...]:
    if len(box) < 7 or box[4] & 3 != LENGTH_BYTES - 1:
        raise ValueError("avcC: cut, or lengths that are not of four bytes")
    at, sets = 5, list[bytes]()
    for mask in (0x1F, 0xFF):
        count, at = box[at] & mask, at + 1
        for _ in range(count):
            one, at = counted(box, at)
            sets.append(one)
    return bounded(sets)


def sets_of_hevc(box: bytes) -> tuple[bytes, ...]:
    if len(box) < 24 or box[21] & 3 != LENGTH_BYTES - 1:
        raise ValueError("hvcC: cut, or lengths that are not of four bytes")
    at, sets = 23, list[bytes]()
    for _ in range(box[22]):
        (count,) = struct.unpack_from(">H", box + b"\0\0\0", at + 1)
        at += 3
        for _ in range(min(count, MOST_SETS)):
            one, at = counted(box, at)
            sets.append(one)
    return bounded(sets)


def counted(box: bytes, at: int) -> tuple[bytes, int]:
    if at + 2 > len(box):
        raise ValueError("a parameter set is cut")
    (size,) = struct.unpack_from(">H", box, at)
    return box[at + 2 : at + 2 + size], at + 2 + size


def bounded(sets: list[bytes]) -> tuple[bytes, ...]:
    kept = tuple(one for one in sets if 0 < len(one) <= MOST_SET_BYTES)
    if not kept or len(kept) > MOST_SETS:
        raise ValueError("no parameter sets, or too many")
    return kept
