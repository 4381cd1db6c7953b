"""Positions in the private streams of MPEG-TS (ISO/IEC 13818-1): blocks of Novatek's chips, or NMEA as it is.

The private packets are looked for rather than all packets read: a recording of an hour is millions of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from ingest.containers import PACKET_BYTES, PACKETS, SYNC
from ingest.metadata.bounds import ReadingTooMuch
from ingest.metadata.free_gps import MARK, Block, points_of_blocks, read_block
from ingest.metadata.mp4 import Budget
from ingest.metadata.nmea import points_of_nmea
from ingest.metadata.points import Point

PIECE_PACKETS: Final = 20_000
MOST_BYTES: Final = 8 << 30
MOST_PACKETS_OF_ONE: Final = 24
PRIVATE_START: Final = re.compile(rb"\x00\x00\x01[\xbd\xbf\xfc]")
VIDEO_START: Final = re.compile(rb"\x00\x00\x01[\xe0-\xef]")
NO_OPTIONAL_HEADER: Final = 0xBF
CLOCK_HERTZ: Final = 90_000


@dataclass(frozen=True)
class Layout:
    """`packet_bytes` from one packet to the next; the packet itself begins `sync_at`, and may end before the next."""

    packet_bytes: int
    sync_at: int

    def end_of(self, packet_at: int) -> int:
        """Where the packet's content ends: behind it there may be a checksum, which is nobody's content."""
        return packet_at + self.sync_at + PACKET_BYTES


def find_layout(start: bytes) -> Layout | None:
    """Five packets in a row begin as packets do."""
    for packet_bytes, sync_at in PACKETS:
        syncs = [start[sync_at + packet_bytes * n : sync_at + packet_bytes * n + 1] for n in range(5)]
        if all(sync == b"\x47" for sync in syncs):
            return Layout(packet_bytes, sync_at)
    return None


def read_transport_stream(handle: BinaryIO, layout: Layout, budget: Budget) -> Iterator[tuple[str, list[Point]]]:
    """The points of all private streams. What was read before the budget was spent is given all the same."""
    blocks: list[Block] = []
    nmea: list[Point] = []
    sentences = 0
    first_seconds: float | None = None
    budget.bytes = MOST_BYTES
    try:
        handle.seek(0)
        while piece := handle.read(PIECE_PACKETS * layout.packet_bytes):
            budget.take(bytes_=len(piece))
            if first_seconds is None:
                first_seconds = next((s for s, _ in packets(piece, layout, VIDEO_START, 1) if s is not None), None)
            for seconds, payload in packets(piece, layout, PRIVATE_START, MOST_PACKETS_OF_ONE):
                budget.take(boxes=0)
                offset = None if seconds is None or first_seconds is None else seconds - first_seconds
                block = read_block(payload[max(0, payload.find(MARK)) :])
                if block is not None:
                    blocks.append(block)
                elif b"RMC," in payload:
                    sentences += payload.count(b"RMC,")
                    nmea += points_of_nmea(payload.decode("latin-1"), offset)
    except ReadingTooMuch:
        pass
    if blocks:
        yield "ts_novatek", list(points_of_blocks(blocks))
    # Jomise scrambles the degrees within the sentence: some come out as another place, most as nothing that holds.
    if 2 * len(nmea) > sentences:
        yield "ts_nmea", with_offsets(nmea)


def with_offsets(points: list[Point]) -> list[Point]:
    """Either all count from the first frame or none does: the two are not the same beginning."""
    if all(point.offset_seconds is not None for point in points):
        return points
    return [point._replace(offset_seconds=None) for point in points]


def packets(piece: bytes, layout: Layout, start: re.Pattern[bytes], most: int) -> Iterator[tuple[float | None, bytes]]:
    """Each elementary packet that begins in this piece, with its time in seconds: what of it follows, within bounds."""
    for found in start.finditer(piece):
        at = found.start()
        packet_at = at - at % layout.packet_bytes
        header_at = packet_at + layout.sync_at
        if payload_at(piece, header_at) != at or not piece[header_at + 1] & 0x40:
            continue
        pid = piece[header_at + 1 : header_at + 3][0] & 0x1F, piece[header_at + 2]
        content = bytearray(piece[at : layout.end_of(packet_at)])
        for n in range(1, most):
            next_at = packet_at + n * layout.packet_bytes + layout.sync_at
            if next_at + 4 > len(piece) or piece[next_at] != SYNC:
                break
            if (piece[next_at + 1] & 0x1F, piece[next_at + 2]) != pid:
                continue
            if piece[next_at + 1] & 0x40:
                break
            begin = payload_at(piece, next_at)
            end = layout.end_of(next_at - layout.sync_at)
            content += piece[begin:end] if begin is not None else b""
        yield read_elementary(bytes(content))


def payload_at(piece: bytes, header_at: int) -> int | None:
    """2.4.3.2: past the adaptation field; None where the packet carries no payload or is none."""
    if header_at + 6 > len(piece) or piece[header_at] != SYNC or not piece[header_at + 3] & 0x10:
        return None
    return header_at + 4 + (1 + piece[header_at + 4] if piece[header_at + 3] & 0x20 else 0)


def read_elementary(content: bytes) -> tuple[float | None, bytes]:
    """2.4.3.6: the time stamp and the payload, without stuffing at its end where a length is given."""
    length = int.from_bytes(content[4:6])
    whole = content[: 6 + length] if length else content
    if content[3] == NO_OPTIONAL_HEADER or len(content) < 9:
        return None, whole[6:]
    seconds = None
    if content[7] & 0x80 and len(content) >= 14:
        high, middle, low = (
            content[9] >> 1 & 7,
            int.from_bytes(content[10:12]) >> 1,
            int.from_bytes(content[12:14]) >> 1,
        )
        seconds = (high << 30 | middle << 15 | low) / CLOCK_HERTZ
    return seconds, whole[9 + content[8] :]
