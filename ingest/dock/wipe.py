"""Removing one file from the device, so that a power cut on any line leaves either the file or its receipt and a note.

    receipt on disk → digest again → note "wiping" → unlink → sync the folder → note "wiped"

A crash before the unlink leaves the file, and the next run begins again. A crash after it leaves no file and the note
"wiping", which the next run completes. A crash between unlink and sync may bring the file back: it is then simply
there, with a valid receipt, and is removed again.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ingest.dock.errors import RemovalFailed, SourceChanged
from ingest.dock.folder import SourceFile, digest_source, read_identity, reason_of
from ingest.dock.state import DockState, FileRecord, Phase
from integrity.durable_files import sync_folder
from integrity.receipt import Receipt


def wipe_file(
    state: DockState, source: SourceFile, record: FileRecord, receipt: Receipt, pause: Callable[[], None]
) -> FileRecord:
    """Remove `source`, whose checked and durably kept receipt is `receipt`.

    The whole file is read again first: what is removed is what was sealed, not what bore the name an hour ago. Raises
    SourceChanged when it is something else, RemovalFailed when the device refuses, SourceUnreadable.
    """
    identity, digests = digest_source(source, pause)
    if (digests.size_bytes, digests.sha256, digests.sm3) != (receipt.size_bytes, receipt.sha256, receipt.sm3):
        raise SourceChanged(source.name)
    record = state.save(record.at(Phase.WIPING))
    try:
        # The name must still be the file that was read: a camera may have put a new one in its place.
        if read_identity(source) != identity:
            raise SourceChanged(source.name)
        source.path.unlink()
        sync_folder(source.path.parent)
    except OSError as error:
        state.save(record.at(Phase.RECEIVED))
        raise RemovalFailed(source.name, reason_of(error)) from error
    except SourceChanged:
        state.save(record.at(Phase.RECEIVED))
        raise
    return state.save(record.at(Phase.WIPED))


def complete_wipes(state: DockState, folder: Path) -> list[FileRecord]:
    """Settle what a crash left between note and removal; the records of files that turned out to be gone."""
    gone = []
    for record in state.find_all(Phase.WIPING):
        try:
            os.lstat(folder / record.name)
        except FileNotFoundError:
            _sync_nearest(folder, folder / record.name)
            gone.append(state.save(record.at(Phase.WIPED)))
        except OSError:
            continue
        else:
            state.save(record.at(Phase.RECEIVED))
    return gone


def _sync_nearest(folder: Path, path: Path) -> None:
    """Make the removal durable: what the crashed run did not reach to do."""
    parent = path.parent
    while parent != folder and not parent.is_dir():
        parent = parent.parent
    try:
        sync_folder(parent)
    except OSError:
        return
