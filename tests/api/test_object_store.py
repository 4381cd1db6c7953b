"""Which store the settings name."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.errors import StoreUnusable, UsageRefused
from api.object_store import TriedStore, open_store, require_usable_store, store_secrets
from api.settings import child_environment, load_settings
from storage.errors import StoreUnavailable
from storage.objects.folder import FolderStore
from storage.objects.s3 import S3Store

NAMED = {
    "LIUHEN_S3_URL": "https://s3.example:9000",
    "LIUHEN_S3_BUCKET": "liuhen-jb",
    "LIUHEN_S3_ACCESS_KEY": "the-key",
    "LIUHEN_S3_SECRET_KEY": "geheim",
}


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    monkeypatch.setenv("LIUHEN_DATA", str(tmp_path))
    for name, value in NAMED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_without_a_server_objects_are_in_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LIUHEN_DATA", str(tmp_path))
    store = open_store(load_settings())
    assert isinstance(store, FolderStore)
    assert store.root == tmp_path / "objects"
    require_usable_store(load_settings())


def test_a_server_is_named_with_its_bucket_and_key(named: pytest.MonkeyPatch) -> None:
    settings = load_settings()
    store = open_store(settings)
    assert isinstance(store, S3Store)
    assert (str(store.address), store.address.region) == ("https://s3.example:9000/liuhen-jb", "us-east-1")
    assert (store.address.access_key, store.address.secret_key) == ("the-key", "geheim")
    assert "geheim" not in f"{settings!r} {store.address!r}"
    assert "the-key" not in f"{settings!r} {store.address!r}"


@pytest.mark.parametrize("name", NAMED)
def test_half_a_name_is_refused_with_the_rest_of_it(named: pytest.MonkeyPatch, name: str) -> None:
    named.delenv(name)
    with pytest.raises(UsageRefused, match=name):
        open_store(load_settings())


def test_keys_come_from_files_as_well_and_from_one_place(named: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from the file\n".replace(" ", "-"))
    named.setenv("LIUHEN_S3_SECRET_KEY_FILE", str(tmp_path / "secret"))
    with pytest.raises(UsageRefused, match="not both"):
        open_store(load_settings())
    named.delenv("LIUHEN_S3_SECRET_KEY")
    store = open_store(load_settings())
    assert isinstance(store, S3Store)
    assert store.address.secret_key == "from-the-file"
    (tmp_path / "secret").write_text("two words")
    with pytest.raises(UsageRefused, match="one line") as refused:
        open_store(load_settings())
    assert "two words" not in str(refused.value)


def test_secrets_go_to_those_who_open_the_store_and_to_nobody_else(named: pytest.MonkeyPatch) -> None:
    kept = child_environment({})
    assert not {"LIUHEN_S3_SECRET_KEY", "LIUHEN_S3_ACCESS_KEY"} & set(kept)
    given = store_secrets(load_settings())
    assert given == {name: NAMED[name] for name in ("LIUHEN_S3_ACCESS_KEY", "LIUHEN_S3_SECRET_KEY")}


def test_a_folder_that_cannot_be_written_is_no_store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LIUHEN_DATA", str(tmp_path))
    (tmp_path / "objects").mkdir()
    (tmp_path / "objects" / ".incoming").write_text("no folder")
    with pytest.raises(StoreUnusable, match="objects"):
        require_usable_store(load_settings())


def test_who_only_asks_has_a_store_written_to_once_in_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[bool] = []

    class Tried(FolderStore):
        def require_working(self) -> None:
            tries.append(len(tries) != 1)
            if not tries[-1]:
                raise StoreUnavailable("", "away")

    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    tried = TriedStore(Tried(Path("/nowhere")))
    for _ in range(5):
        tried.require_working()
    assert tries == [True]
    now += 1.0
    with pytest.raises(StoreUnavailable):
        tried.require_working()
    tried.require_working()  # what failed is not believed for a second
    assert tries == [True, False, True]
