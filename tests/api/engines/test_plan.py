"""Which process of an archive is handed which way into the database."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from api.engines.listener import open_listener
from api.engines.plan import plan_archive
from api.engines.watched import ChildSpec
from api.errors import UsageRefused
from api.setting_values import BindAddress
from api.settings import Settings

OF_HTTP = {"LIUHEN_DATABASE_URL"}
OF_WORKERS = {"LIUHEN_DATABASE_WORKER_URL"}


def environments_of(settings: Settings) -> dict[str, Mapping[str, str]]:
    with open_listener(BindAddress("127.0.0.1", 0)) as listener:
        plan = plan_archive(settings, "run", listener, table=9)
    children = [each for stage in plan.stages if isinstance(stage, tuple) for each in stage]
    return {spec.name: spec.launch().environment for spec in children if isinstance(spec, ChildSpec)}


def test_what_opens_the_root_key_is_given_to_who_seals_makes_copies_or_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"LIUHEN_ROOT_PASSPHRASE": "correct horse battery", "LIUHEN_ROOT_KEY": "0f" * 32}
    given |= {"LIUHEN_PKCS11_PIN": "a PIN of four words"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    environments = environments_of(Settings(data=tmp_path / "data"))
    have = {name for name, environment in environments.items() if given.items() <= environment.items()}
    assert have == {"worker-custody", "worker-media", "worker-encoding", "http-1", "http-2"}
    for name in environments.keys() - have:
        assert not set(given.values()) & set(environments[name].values()), name


def test_no_process_is_given_another_roles_password(tmp_path: Path) -> None:
    environments = environments_of(Settings(data=tmp_path / "data"))
    given = {name: {each for each in of if "DATABASE" in each} for name, of in environments.items()}
    assert given.pop("http-1") == given.pop("http-2") == OF_HTTP
    assert given.pop("sequencer") == {"LIUHEN_DATABASE_SEQUENCER_URL"}
    workers = {name for name, variables in given.items() if variables == OF_WORKERS}
    assert workers == {"worker-custody", "worker-media", "worker-encoding", "worker-housekeeping", "beat"}
    assert all(not given[name] for name in given.keys() - workers)
    for name in ("http-1", "http-2"):
        assert not any("liuhen_worker" in text for text in environments[name].values())


def test_who_ships_the_log_has_the_passphrase_of_backups_and_starts_before_the_sequencer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passphrase = "correct horse battery"
    monkeypatch.setenv("LIUHEN_BACKUP_PASSPHRASE", passphrase)
    settings = Settings(data=tmp_path / "data", wal_folder=tmp_path / "wal")
    environments = environments_of(settings)
    assert {name for name, of in environments.items() if passphrase in of.values()} == {"shipper"}
    assert {each for each in environments["shipper"] if "DATABASE" in each} == OF_WORKERS
    names = list(environments)
    assert names.index("shipper") < names.index("sequencer")
    assert "shipper" not in environments_of(Settings(data=tmp_path / "data"))


def test_a_database_elsewhere_ships_its_log_itself(tmp_path: Path) -> None:
    urls = {
        f"database_{each}url": f"postgresql://liuhen_{role}:x@/liuhen"
        for each, role in (("", "app"), ("owner_", "owner"), ("worker_", "worker"), ("sequencer_", "sequencer"))
    }
    with pytest.raises(UsageRefused, match="LIUHEN_WAL_FOLDER"):
        environments_of(Settings(data=tmp_path / "data", wal_folder=tmp_path / "wal", **urls))


def test_on_one_box_each_queue_has_a_worker_and_staging_goes_along_with_housekeeping(tmp_path: Path) -> None:
    with open_listener(BindAddress("127.0.0.1", 0)) as listener:
        plan = plan_archive(Settings(data=tmp_path / "data"), "run", listener, table=9)
    children = [each for stage in plan.stages if isinstance(stage, tuple) for each in stage]
    workers = {spec.name: spec.launch().argv for spec in children if spec.name.startswith("worker-")}
    taken = {name: argv[argv.index("worker") + 1 : argv.index("--processes")] for name, argv in workers.items()}
    assert taken == {
        "worker-custody": ("custody",),
        "worker-media": ("media",),
        "worker-encoding": ("encoding",),
        "worker-housekeeping": ("housekeeping", "staging"),
    }
