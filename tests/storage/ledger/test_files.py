from __future__ import annotations

from pathlib import Path

import pytest

from integrity.checkpoint import Checkpoint, encode_vkey, sign_checkpoint
from integrity.keys import SigningKey
from storage.ledger.files import SIZES_IN_FOLDER, LedgerFiles
from storage.objects.folder import FolderStore

ORIGIN = "ledger.test"


class CountingStore(FolderStore):
    """Counts the names that listings gave out."""

    listed = 0

    def list(self, prefix: str = ""):  # type: ignore[no-untyped-def]
        for name in super().list(prefix):
            self.listed += 1
            yield name


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey.generate()


@pytest.mark.parametrize("folders", [1, 2, 3, 4, 5, 8, 9, 16, 17])
def test_the_latest_checkpoint_is_found_in_whichever_folder_it_is(
    tmp_path: Path, key: SigningKey, folders: int
) -> None:
    files = LedgerFiles(FolderStore(tmp_path))
    assert files.latest_checkpoint(encode_vkey(ORIGIN, key.public)) is None
    sizes = [1, *(number * SIZES_IN_FOLDER + extra for number in range(1, folders) for extra in (0, 9))]
    for size in sizes:
        files.publish_checkpoint(size, sign_checkpoint(Checkpoint(ORIGIN, size, b"\1" * 32), key))
    latest = files.latest_checkpoint(encode_vkey(ORIGIN, key.public))
    assert latest is not None
    assert latest[0].size == sizes[-1]


def test_finding_the_latest_does_not_list_all_there_are(tmp_path: Path, key: SigningKey) -> None:
    store = CountingStore(tmp_path)
    files = LedgerFiles(store)
    for size in range(1, 8 * SIZES_IN_FOLDER, SIZES_IN_FOLDER // 8):
        files.publish_checkpoint(size, sign_checkpoint(Checkpoint(ORIGIN, size, b"\1" * 32), key))
    assert files.latest_checkpoint(encode_vkey(ORIGIN, key.public)) is not None
    assert store.listed <= 8 + 2 * 8
