"""Which second store the settings name, and what is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.engines.listener import open_listener
from api.engines.plan import plan_archive
from api.engines.preparing import require_usable_stores
from api.engines.watched import ChildSpec
from api.errors import SettingInvalid, UsageRefused
from api.replica_store import open_replica, replica_secrets, require_usable_replica
from api.setting_values import BindAddress
from api.settings import Settings, child_environment, load_settings
from storage.objects.folder import FolderStore
from storage.objects.s3 import S3Store

NAMED = {
    "LIUHEN_REPLICA_S3_URL": "https://s3.example:9000",
    "LIUHEN_REPLICA_S3_BUCKET": "liuhen-second",
    "LIUHEN_REPLICA_S3_ACCESS_KEY": "the-key",
    "LIUHEN_REPLICA_S3_SECRET_KEY": "geheim",
}


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    data = tmp_path / "data"
    (data / "objects").mkdir(parents=True)
    monkeypatch.setenv("LIUHEN_DATA", str(data))
    return data


@pytest.fixture
def named(data: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in NAMED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_without_a_setting_there_is_none(data: Path) -> None:
    settings = load_settings()
    assert (settings.replica_place, open_replica(settings)) == (None, None)
    require_usable_replica(settings)


def test_a_folder_is_one(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIUHEN_REPLICA_FOLDER", str(tmp_path / "second"))
    settings = load_settings()
    replica = open_replica(settings)
    assert replica is not None
    assert isinstance(replica.store, FolderStore)
    assert replica.place == settings.replica_place == str(tmp_path / "second")
    require_usable_replica(settings)


def test_a_bucket_is_one_beside_a_store_in_a_folder(named: pytest.MonkeyPatch) -> None:
    settings = load_settings()
    replica = open_replica(settings)
    assert replica is not None
    assert isinstance(replica.store, S3Store)
    assert replica.place == settings.replica_place == "https://s3.example:9000/liuhen-second"
    assert "geheim" not in f"{settings!r} {replica!r}"
    assert "the-key" not in f"{settings!r} {replica!r}"


@pytest.mark.parametrize("name", NAMED)
def test_half_a_name_is_refused_with_the_rest_of_it(named: pytest.MonkeyPatch, name: str) -> None:
    named.delenv(name)
    with pytest.raises(UsageRefused, match=name):
        require_usable_stores(load_settings())


def test_two_at_once_are_refused(named: pytest.MonkeyPatch, tmp_path: Path) -> None:
    named.setenv("LIUHEN_REPLICA_FOLDER", str(tmp_path / "second"))
    with pytest.raises(UsageRefused, match="not both"):
        require_usable_replica(load_settings())


@pytest.mark.parametrize("where", [".", "inside", "..", "link", "../objects/."])
def test_the_store_itself_is_refused_under_whatever_name(
    data: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    objects = data / "objects"
    folder = data / "another name" if where == "link" else objects / where
    if where == "link":
        folder.symlink_to(objects)
    monkeypatch.setenv("LIUHEN_REPLICA_FOLDER", str(folder))
    with pytest.raises(UsageRefused, match="one place"):
        require_usable_replica(load_settings())


def test_the_same_bucket_is_refused(named: pytest.MonkeyPatch) -> None:
    for name, value in NAMED.items():
        named.setenv(name.replace("REPLICA_", ""), value)
    named.setenv("LIUHEN_S3_URL", "https://S3.example:9000/")
    named.setenv("LIUHEN_S3_ACCESS_KEY", "another-key")
    with pytest.raises(UsageRefused, match="one place"):
        require_usable_replica(load_settings())


def test_another_archives_store_is_refused(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FolderStore(tmp_path / "another").put("ledger/checkpoints/1", b"signed")
    monkeypatch.setenv("LIUHEN_REPLICA_FOLDER", str(tmp_path / "another"))
    with pytest.raises(UsageRefused, match="a ledger lies there"):
        require_usable_replica(load_settings())


def test_a_replica_that_is_away_keeps_nothing_from_starting(named: pytest.MonkeyPatch) -> None:
    named.setenv("LIUHEN_REPLICA_S3_URL", "http://127.0.0.1:9")
    require_usable_replica(load_settings())


def test_a_value_that_is_no_use_is_refused_and_no_secret_shown(named: pytest.MonkeyPatch) -> None:
    named.setenv("LIUHEN_REPLICA_S3_SECRET_KEY", "two words")
    with pytest.raises(SettingInvalid) as refused:
        load_settings()
    assert "two words" not in str(refused.value)


def test_its_secrets_go_to_those_who_copy_heal_or_play_and_to_nobody_else(
    named: pytest.MonkeyPatch, data: Path
) -> None:
    secrets = {name: NAMED[name] for name in ("LIUHEN_REPLICA_S3_ACCESS_KEY", "LIUHEN_REPLICA_S3_SECRET_KEY")}
    settings = load_settings()
    assert not set(secrets) & set(child_environment({}))
    assert replica_secrets(settings) == secrets
    environments = planned(settings)
    assert {name for name, given in environments.items() if secrets.items() <= given.items()} == {
        "http-1",
        "http-2",
        "worker-housekeeping",
        "worker-replica",
    }


def test_a_worker_copies_only_where_there_is_a_replica(data: Path) -> None:
    assert "worker-replica" not in planned(load_settings())


def planned(settings: Settings) -> dict[str, dict[str, str]]:
    """The environment of each process."""
    with open_listener(BindAddress("127.0.0.1", 0)) as listener:
        plan = plan_archive(settings, "run", listener, table=9)
    children = [each for stage in plan.stages if isinstance(stage, tuple) for each in stage]
    return {each.name: dict(each.launch().environment) for each in children if isinstance(each, ChildSpec)}


def test_beat_wakes_it_only_where_there_is_one(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from api.tasks.app import make_celery

    assert "replica.copy_due" not in make_celery().conf.beat_schedule
    monkeypatch.setenv("LIUHEN_REPLICA_FOLDER", str(tmp_path / "second"))
    assert "replica.copy_due" in make_celery().conf.beat_schedule
