"""Which process of an archive is handed which way into the database."""

from __future__ import annotations

from pathlib import Path

from api.engines.listener import open_listener
from api.engines.plan import plan_archive
from api.engines.watched import ChildSpec
from api.settings import BindAddress, Settings

OF_HTTP = {"LIUHEN_DATABASE_URL"}
OF_WORKERS = {"LIUHEN_DATABASE_WORKER_URL"}


def test_no_process_is_given_another_roles_password(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    with open_listener(BindAddress("127.0.0.1", 0)) as listener:
        plan = plan_archive(settings, "run", listener)
    children = [each for stage in plan.stages if isinstance(stage, tuple) for each in stage]
    children = [each for each in children if isinstance(each, ChildSpec)]
    environments = {spec.name: spec.launch().environment for spec in children}
    given = {name: {each for each in of if "DATABASE" in each} for name, of in environments.items()}
    assert given.pop("http-1") == given.pop("http-2") == OF_HTTP
    assert given.pop("sequencer") == {"LIUHEN_DATABASE_SEQUENCER_URL"}
    workers = {name for name, variables in given.items() if variables == OF_WORKERS}
    assert workers == {"worker-custody", "worker-media", "worker-encoding", "worker-housekeeping", "beat"}
    assert all(not given[name] for name in given.keys() - workers)
    for name in ("http-1", "http-2"):
        assert not any("liuhen_worker" in text for text in environments[name].values())
