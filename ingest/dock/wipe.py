"""Removing one file from a card, so that a power cut on any line leaves either the file, or its receipt and a note.

    receipt on disk → note "wiping" → digest again → still the same file → unlink → sync the folder → note "wiped"

Before the unlink the file is there, and the next run begins again. After it the note says "wiping" and the receipt is
kept: the next run finds the file gone and says that, no more, for what is there may be another card, or the folder that
its card is mounted on. A crash between unlink and sync may bring the file back: it is then simply there, with a valid
receipt, and is removed again.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress

from ingest.dock.errors import (
    DockError,
    RemovalFailed,
    RemovalUnconfirmed,
    SourceChanged,
    SourceUnsteady,
    SourceVanished,
)
from ingest.dock.source import (
    FileIdentity,
    Source,
    SourceFile,
    digest_open,
    forget_what_was_read,
    is_being_written,
    open_source,
    opened_folder,
    read_identity,
)
from ingest.dock.state import DockState, FileRecord, Phase
from ingest.dock.words import reason_of
from integrity.receipt import Receipt


def wipe_file(
    state: DockState, file: SourceFile, record: FileRecord, receipt: Receipt, pause: Callable[[], None]
) -> FileRecord:
    """Remove `file`, whose checked and durably kept receipt is `receipt`.

    The whole file is read again first: what is removed is what was sealed, not what bore the name an hour ago. Raises
    SourceChanged when it is something else or somebody writes to it, SourceUnsteady when each reading differs,
    RemovalFailed when the device refuses, SourceUnreadable, SourceVanished when the card is pulled before the unlink;
    then the note is "received" again. Raises RemovalUnconfirmed when the card goes away from the unlink to the sync:
    that is the crash of above, and its note stays "wiping".
    """
    record = state.save(record.at(Phase.WIPING))
    try:
        with open_source(file) as descriptor:
            identity = _require_sealed_bytes(file, descriptor, receipt, pause)
            _remove(file, descriptor, identity)
    except RemovalUnconfirmed:
        raise
    except DockError:
        state.save(record.at(Phase.RECEIVED))
        raise
    return state.save(record.at(Phase.WIPED))


def _require_sealed_bytes(
    file: SourceFile, descriptor: int, receipt: Receipt, pause: Callable[[], None]
) -> FileIdentity:
    """Read every byte from the card. Raises SourceChanged when it now holds others, and goes on holding those;
    SourceUnsteady when the next reading gives others again: sent anew, each reading would be another recording.
    """
    forget_what_was_read(descriptor)
    identity, digests = digest_open(file, descriptor, pause)
    if (digests.size_bytes, digests.sha256, digests.sm3) != (receipt.size_bytes, receipt.sha256, receipt.sm3):
        forget_what_was_read(descriptor)
        if digest_open(file, descriptor, pause)[1] != digests:
            raise SourceUnsteady(file.title)
        raise SourceChanged(file.title)
    return identity


def _remove(file: SourceFile, descriptor: int, identity: FileIdentity) -> None:
    """Unlink the name while it still is the file that was read, and make that durable.

    Everything goes through the folder's descriptor: a folder anywhere above that becomes a link, or another card at
    the same place, is not what it leads to.
    """
    name = file.base_name
    try:
        with opened_folder(file.source, file.folder) as folder, file.source.touches.one():
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
            same = os.path.samestat(found, os.fstat(descriptor)) and FileIdentity.of(found) == identity
            if not same or read_identity(file, descriptor) != identity or is_being_written(descriptor):
                raise SourceChanged(file.title)
            _unlink(file, folder)
            _confirm_removal(file, folder)
    except OSError as error:
        if not file.source.is_there:
            raise SourceVanished(file.title, file.source.root) from error
        raise RemovalFailed(file.title, reason_of(error)) from error


def _unlink(file: SourceFile, folder: int) -> None:
    try:
        os.unlink(file.base_name, dir_fd=folder)
    except OSError as error:
        # Of a card that goes in this very moment nobody knows how much of the change had reached it.
        if not file.source.is_there:
            raise RemovalUnconfirmed(file.title, reason_of(error)) from error
        raise


def _confirm_removal(file: SourceFile, folder: int) -> None:
    try:
        os.fsync(folder)
    except OSError as error:
        raise RemovalUnconfirmed(file.title, reason_of(error)) from error


def complete_wipes(state: DockState, source: Source) -> list[FileRecord]:
    """Settle what a crash left between note and removal; the records of files that turned out to be gone.

    One that is back later is read and asked about before anything is done with it (settling.identify_file).
    """
    gone = []
    for record in state.find_all(source.id, Phase.WIPING):
        folder_name, _, name = record.name.rpartition("/")
        try:
            # More may be missing than we would have removed, as when the card is out: then nothing is known.
            with opened_folder(source, folder_name) as folder, source.touches.one():
                if _is_in(folder, name):
                    state.save(record.at(Phase.RECEIVED))
                elif source.is_there:  # It did not go while we looked.
                    with suppress(OSError):
                        os.fsync(folder)
                    gone.append(state.save(record.at(Phase.WIPED)))
        except OSError:
            continue
    return gone


def _is_in(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
