"""The ledger's files from its rows: all that was signed, also the last of it, whose row was lost alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.engines.roles import DatabaseAddresses
from integrity.checkpoint import Checkpoint, sign_checkpoint
from storage.ledger.errors import LedgerContradiction
from storage.ledger.files import LedgerFiles
from storage.ledger.republishing import republish
from storage.ledger.sequencer import Sequencer
from storage.objects.folder import FolderStore
from tests.storage.ledger.test_sequencer import ORIGIN, Ledger


@pytest.fixture
def ledger(addresses: DatabaseAddresses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """Three entries, whose checkpoint has its row, and two more, whose checkpoint was handed out and lacks it."""
    ledger = Ledger(addresses, tmp_path / "store")
    ledger.append(3)
    with ledger.open() as sequencer:
        sequencer.sequence_pending()
        ledger.append(2)
        with monkeypatch.context() as patch:
            patch.setattr(Sequencer, "_insert_checkpoint", lambda *_: None)
            sequencer.sequence_pending()
    yield ledger
    ledger.close()


def handed_out(ledger: Ledger) -> bytes:
    latest = ledger.files.latest_checkpoint(ledger.vkey)
    assert latest is not None
    assert latest[0].size == 5
    return latest[1]


def test_what_was_handed_out_is_published_from_its_entries_and_the_ledger_goes_on(
    ledger: Ledger, tmp_path: Path
) -> None:
    files = LedgerFiles(FolderStore(tmp_path / "other"))
    assert republish(ledger.app, files, ledger.vkey, handed_out(ledger)) == 5
    assert files.has_checkpoint(3)
    assert files.latest_checkpoint(ledger.vkey) == ledger.files.latest_checkpoint(ledger.vkey)
    ledger.files = files
    ledger.append(1)
    with ledger.open() as sequencer:
        sequencer.sequence_pending()
    latest = files.latest_checkpoint(ledger.vkey)
    assert latest is not None
    assert latest[0].size == 6


def test_without_word_of_it_what_has_a_row_is_published(ledger: Ledger, tmp_path: Path) -> None:
    files = LedgerFiles(FolderStore(tmp_path / "other"))
    assert republish(ledger.app, files, ledger.vkey) == 3
    assert not files.has_checkpoint(5)


def test_more_than_there_are_entries_of_is_passed_over(ledger: Ledger, tmp_path: Path) -> None:
    files = LedgerFiles(FolderStore(tmp_path / "other"))
    longer = sign_checkpoint(Checkpoint(ORIGIN, 9, bytes(32)), ledger.key)
    assert republish(ledger.app, files, ledger.vkey, longer) == 3
    assert not files.has_checkpoint(9)


def test_one_over_other_entries_is_a_contradiction(ledger: Ledger, tmp_path: Path) -> None:
    files = LedgerFiles(FolderStore(tmp_path / "other"))
    other = sign_checkpoint(Checkpoint(ORIGIN, 5, bytes(32)), ledger.key)
    with pytest.raises(LedgerContradiction):
        republish(ledger.app, files, ledger.vkey, other)
    assert not files.has_checkpoint(5)
