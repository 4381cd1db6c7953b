"""Originals in a cold place are backed up from there; a restore looks for them there, or puts them into the store."""

from __future__ import annotations

from pathlib import Path

from api.archive import Archive
from api.backup.place import BackupPlace
from retention.recalls import where_is
from storage.catalog.recordings import Recording
from tests.api.backup.conftest import opened, restore, started
from tests.api.freezing import freeze

CONTENT = b"no picture, but evidence\n" * 4_000


def is_cold(archive: Archive, recording: Recording) -> bool:
    with archive.database.reading() as session:
        return where_is(session, recording.id) is not None


def test_they_are_whole_elsewhere_with_the_cold_place_or_without_it(tmp_path: Path, place: BackupPlace) -> None:
    cold = tmp_path / "cold"
    with started(tmp_path / "first") as box:
        archive = box.archive.archive
        object.__setattr__(archive, "settings", archive.settings.model_copy(update={"cold_folder": cold}))
        for made in ("cold", "everywhere"):
            vars(archive).pop(made, None)
        recording = box.archive.seal(CONTENT)
        box.archive.settle()
        freeze(archive, box.addresses.owner)
        assert is_cold(archive, recording)
        made = box.back_up(place)
        assert made.lost == ()
    done = restore(place, made.name, tmp_path / "without" / "data")
    assert done.audit.findings == ()
    with opened(tmp_path / "without" / "data") as (other, _):
        assert other.store.stat(recording.object_name) is not None
        assert not is_cold(other, recording), "it is in the store now, and its row says so"
    done = restore(place, made.name, tmp_path / "with" / "data", cold_folder=cold)
    assert done.audit.findings == ()
    with opened(tmp_path / "with" / "data") as (other, _):
        assert other.store.stat(recording.object_name) is None
        assert is_cold(other, recording)
