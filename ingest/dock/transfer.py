"""One file's bytes on their way: begin or resume, send, and after any mishap ask the archive how far it got.

The agent never believes its own count. What the archive acknowledged is durable there; everything sent after that may
be lost with the connection, so each round begins with the archive's answer to HEAD.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

from ingest.dock.archive import Archive
from ingest.dock.errors import (
    Answer,
    DockError,
    FileLeft,
    SourceChanged,
    StationRefused,
    TransferRefused,
    TryAgain,
    UploadGone,
    UploadUnfinished,
)
from ingest.dock.events import BytesMoved, Listener, Paused, UploadBegun
from ingest.dock.pacing import Pacer
from ingest.dock.patience import Patience, Retries
from ingest.dock.source import SourceFile, open_source, read_block, read_identity
from ingest.dock.state import DockState, FileRecord, Phase
from ingest.dock.words import Words

_FIRST_PIECE_BYTES = 1 << 20
_SMALLEST_PIECE_BYTES = 64 * 1024
_LARGEST_PIECE_BYTES = 16 << 20
_MOST_NEW_UPLOADS = 3

_FORGETFUL = Words("it opens uploads and forgets them; see its log", "档案系统反复遗失新建的上传，请查看其日志")

Claims = Callable[[str], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Sender:
    """What sending a file needs, the same for every file of a run."""

    archive: Archive
    state: DockState
    patience: Patience
    pacer: Pacer
    tell: Listener
    credential: str
    claims: Claims

    def retries_for(self, name: str) -> Retries:
        """Fresh pauses for one file, told to the listener."""
        return Retries(self.patience, lambda reason, seconds, away: self.tell(Paused(name, reason, seconds, away)))


def upload_file(sender: Sender, source: SourceFile, record: FileRecord) -> FileRecord:
    """Bring every byte of `source` to the archive; the record with its upload, noted as uploaded.

    Raises FileLeft for what concerns this file alone (SourceChanged: its bytes are not those of the record), and
    DockStopped for what ends the run.
    """
    retries = sender.retries_for(source.title)
    new_uploads = 0
    piece = _PieceLength()
    while record.phase in (Phase.DIGESTED, Phase.UPLOADING):
        try:
            _wait_until_open(sender, source)
            if record.phase is Phase.DIGESTED:
                record = _begin_upload(sender, source, record)
            record = _send_rest(sender, source, record, retries, piece)
        except TryAgain as answer:
            piece.shorten()
            retries.wait_after(answer)
        except UploadGone as answer:
            record = _find_lost_upload(sender, record)
            new_uploads += record.phase is Phase.DIGESTED
            if new_uploads > _MOST_NEW_UPLOADS:
                raise TransferRefused(404, _FORGETFUL) from answer
        except SourceChanged:
            give_up_upload(sender, record)
            raise
    return record


def _begin_upload(sender: Sender, source: SourceFile, record: FileRecord) -> FileRecord:
    name = PurePosixPath(record.name).name
    metadata = {"filename": name, "sha256": record.digests.sha256.hex, **sender.claims(name)}
    if source.marked:
        metadata["marked"] = "1"
    if source.group:
        metadata["group"] = source.group
    # The key was noted with the record: however often the answer is lost, here or by a power cut, one upload is opened.
    place = sender.archive.create_upload(record.digests.size_bytes, metadata, record.creation_key)
    # Noted before the first byte: whatever happens from here on, the upload is found again.
    return sender.state.save(record.begun(place, sender.credential))


def _send_rest(
    sender: Sender, source: SourceFile, record: FileRecord, retries: Retries, piece: _PieceLength
) -> FileRecord:
    size_bytes = record.digests.size_bytes
    offset = _ask_offset(sender, record)
    retries.answered()
    sender.tell(UploadBegun(source.title, record.upload_id, offset, size_bytes, offset > 0, source.marked))
    with open_source(source) as descriptor:
        while offset < size_bytes:
            _wait_until_open(sender, source)
            # Before each piece, so that a file which is still written never becomes a finished upload.
            if read_identity(source, descriptor) != record.identity:
                raise SourceChanged(source.title)
            content = _read_piece(source, descriptor, offset, min(piece.length_bytes, size_bytes - offset))
            blocks = partial(_pace_blocks, sender, source, record, offset)
            began = time.monotonic()
            acknowledged = sender.archive.append_bytes(record.place, offset, content, blocks)
            piece.learn(time.monotonic() - began)
            retries.worked()
            offset = acknowledged
            sender.tell(BytesMoved(source.title, record.upload_id, offset, offset, size_bytes))
    return sender.state.save(record.at(Phase.UPLOADED))


def _wait_until_open(sender: Sender, source: SourceFile) -> None:
    sender.pacer.wait_until_open(lambda reason, seconds: sender.tell(Paused(source.title, reason, seconds)))


def _ask_offset(sender: Sender, record: FileRecord) -> int:
    try:
        return sender.archive.read_offset(record.place, record.digests.size_bytes)
    except StationRefused as error:
        raise meaning_of_refusal(error, record, sender.credential) from error


def meaning_of_refusal(error: StationRefused, record: FileRecord, credential: str) -> DockError:
    """UploadGone when another credential began the upload: it belongs to that station, and this one begins its own."""
    foreign = error.status == 403 and record.credential != credential
    return UploadGone(record.upload_id) if foreign else error


def _read_piece(source: SourceFile, descriptor: int, offset: int, length: int) -> bytes:
    """`length` bytes, read before they are sent: a slow card must not hold a request open. Raises SourceChanged."""
    piece = bytearray()
    while len(piece) < length:
        block = read_block(source, descriptor, length - len(piece), offset + len(piece))
        if not block:
            raise SourceChanged(source.title)
        piece += block
    return bytes(piece)


def _pace_blocks(sender: Sender, source: SourceFile, record: FileRecord, offset: int, piece: bytes) -> Iterator[bytes]:
    """The piece in blocks, as fast as the limit lets them go."""
    position = 0
    while position < len(piece):
        block = piece[position : position + sender.pacer.block_bytes()]
        sender.pacer.take(len(block))
        yield block
        position += len(block)
        sender.tell(BytesMoved(source.title, record.upload_id, offset + position, offset, record.digests.size_bytes))


def _find_lost_upload(sender: Sender, record: FileRecord) -> FileRecord:
    """The archive no longer takes bytes for it: because it has sealed them, or because it knows nothing of it.

    It may be sealed without our knowing when this machine lost power between the last acknowledgement and its note.
    """
    try:
        if record.credential != sender.credential:
            return sender.state.save(record.forgotten())
        sender.archive.read_receipt(record.upload_id)
    except (UploadGone, UploadUnfinished):  # The latter of one whose time is over, before a sweep has ended it.
        return sender.state.save(record.forgotten())
    except (TryAgain, FileLeft):
        pass  # Known there, or nobody answers now: whoever waits for the receipt finds out which.
    return sender.state.save(record.at(Phase.UPLOADED))


def give_up_upload(sender: Sender, record: FileRecord) -> FileRecord:
    """Free what the upload reserved. A courtesy, also to an archive that is away: it lets the upload expire anyway."""
    with suppress(Answer, TransferRefused, StationRefused):
        sender.archive.end_upload(record.place)
    return sender.state.save(record.forgotten())


class _PieceLength:
    """Pieces of about a second: a cut connection costs little, and a fast line is not held up by acknowledgements."""

    def __init__(self) -> None:
        self.length_bytes = _FIRST_PIECE_BYTES

    def learn(self, took_seconds: float) -> None:
        if took_seconds < 0.5:
            self.length_bytes = min(self.length_bytes * 2, _LARGEST_PIECE_BYTES)
        elif took_seconds > 2.0:
            self.shorten()

    def shorten(self) -> None:
        """A signed piece counts whole or not at all: on a link that is cut again and again, only short ones arrive."""
        self.length_bytes = max(self.length_bytes // 2, _SMALLEST_PIECE_BYTES)
