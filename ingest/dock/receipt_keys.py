"""Whose receipts are believed: the key that was pinned, and those that have taken its place since, each on the word of
the one before it (integrity/succession.py).

Keys that came before the pinned one count for nothing: whoever hands over a new pin may do so because an earlier key
was stolen.
"""

from __future__ import annotations

from itertools import dropwhile

from ingest.dock.archive import Archive
from ingest.dock.errors import ArchiveKeyDiffers, StationRefused, TransferRefused, TryAgain
from ingest.dock.patience import Retries
from integrity.epoch_keys import public_keys
from integrity.errors import EvidenceError
from integrity.keys import PublicKey
from integrity.succession import open_line, read_lines

RECEIPT = "receipt"


def find_receipt_keys(archive: Archive, pinned_key_id: str, retries: Retries) -> tuple[PublicKey, ...]:
    """The pinned key, and those that succeeded it, once the key that the server offers has turned out to be of them.

    Raises ArchiveKeyDiffers for any other key, NoArchiveThere where none is offered.
    """
    while True:
        try:
            return _believed(archive, pinned_key_id)
        except TryAgain as answer:
            retries.wait_after(answer)


def _believed(archive: Archive, pinned_key_id: str) -> tuple[PublicKey, ...]:
    offered = archive.read_receipt_key()
    if offered.key_id == pinned_key_id:
        return (offered,)
    keys = keys_from(archive, pinned_key_id)
    if offered not in keys:
        raise ArchiveKeyDiffers(pinned_key_id, offered.key_id)
    return keys


def keys_from(archive: Archive, pinned_key_id: str) -> tuple[PublicKey, ...]:
    """The pinned key and its successors, as the server tells them and as they have signed; none where it tells of no
    line with that key in it, as an archive of an earlier release does. Raises TryAgain."""
    try:
        line = open_line(read_lines(archive.read_receipt_successions()), None, RECEIPT)
    except (EvidenceError, TransferRefused, StationRefused):
        return ()
    keys = public_keys(line)
    return tuple(dropwhile(lambda key: key.key_id != pinned_key_id, keys))
