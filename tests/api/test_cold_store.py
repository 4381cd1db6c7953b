"""The cold place that the settings name: which one, what is refused, and who is given its secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.cold_store import cold_rule, cold_secrets, open_cold_place, require_usable_cold_place
from api.errors import SettingInvalid, UsageRefused
from api.settings import load_settings
from storage.objects.folder import FolderStore
from tests.api.test_replica_store import planned

NAMED = {
    "LIUHEN_COLD_S3_URL": "https://s3.example:9000",
    "LIUHEN_COLD_S3_BUCKET": "liuhen-cold",
    "LIUHEN_COLD_S3_ACCESS_KEY": "the-key",
    "LIUHEN_COLD_S3_SECRET_KEY": "geheim",
}


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIUHEN_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def test_without_a_place_nothing_is_moved() -> None:
    settings = load_settings()
    assert (settings.cold_place, open_cold_place(settings)) == (None, None)
    require_usable_cold_place(settings)
    assert "worker-cold" not in planned(settings)


def test_a_folder_and_what_is_old(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LIUHEN_COLD_FOLDER", str(tmp_path / "slow"))
    monkeypatch.setenv("LIUHEN_COLD_CLASSES", "general, permanent")
    monkeypatch.setenv("LIUHEN_COLD_AFTER_DAYS", "400")
    settings = load_settings()
    cold = open_cold_place(settings)
    assert cold is not None
    assert (cold.place, isinstance(cold.store, FolderStore)) == (str(tmp_path / "slow"), True)
    rule = cold_rule(settings)
    assert (rule.after_days, rule.quiet_days, rule.classes) == (400, 90, {"general", "permanent"})
    require_usable_cold_place(settings)
    assert "worker-cold" in planned(settings)


@pytest.mark.parametrize("where", ["objects", "objects/cold", "."])
def test_where_the_objects_are_is_no_cold_place(monkeypatch: pytest.MonkeyPatch, data: Path, where: str) -> None:
    monkeypatch.setenv("LIUHEN_COLD_FOLDER", str(data / where))
    with pytest.raises(UsageRefused, match="one place"):
        require_usable_cold_place(load_settings())


def test_where_the_copies_are_is_none_either(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LIUHEN_REPLICA_FOLDER", str(tmp_path / "second"))
    monkeypatch.setenv("LIUHEN_COLD_FOLDER", str(tmp_path / "second"))
    with pytest.raises(UsageRefused, match="one place"):
        require_usable_cold_place(load_settings())
    for name, value in NAMED.items():
        monkeypatch.setenv(name, value)
        monkeypatch.setenv(name.replace("COLD", "REPLICA"), value)
    monkeypatch.delenv("LIUHEN_COLD_FOLDER")
    monkeypatch.delenv("LIUHEN_REPLICA_FOLDER")
    with pytest.raises(UsageRefused, match="one place"):
        open_cold_place(load_settings())


def test_another_archives_store_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    FolderStore(tmp_path / "another").put("ledger/checkpoints/1", b"signed")
    monkeypatch.setenv("LIUHEN_COLD_FOLDER", str(tmp_path / "another"))
    with pytest.raises(UsageRefused, match="a ledger or a replica lies there"):
        require_usable_cold_place(load_settings())


def test_half_a_name_and_both_names_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LIUHEN_COLD_S3_URL", "https://s3.example")
    with pytest.raises(UsageRefused, match="LIUHEN_COLD_S3_BUCKET"):
        open_cold_place(load_settings())
    for name, value in NAMED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LIUHEN_COLD_FOLDER", str(tmp_path / "slow"))
    with pytest.raises(UsageRefused, match="not both"):
        open_cold_place(load_settings())


def test_its_secrets_are_shown_nowhere_and_go_to_whoever_reads_sealed_objects(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in NAMED.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert "geheim" not in repr(settings)
    secrets = {name: NAMED[name] for name in ("LIUHEN_COLD_S3_ACCESS_KEY", "LIUHEN_COLD_S3_SECRET_KEY")}
    assert cold_secrets(settings) == secrets
    have = {name for name, given in planned(settings).items() if secrets.items() <= given.items()}
    assert have == {
        *("http-1", "http-2", "worker-custody", "worker-media", "worker-encoding", "worker-housekeeping"),
        "worker-cold",
    }


def test_codes_that_are_none_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIUHEN_COLD_CLASSES", "general; DROP")
    with pytest.raises(SettingInvalid):
        load_settings()
