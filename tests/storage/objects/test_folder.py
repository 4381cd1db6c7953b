"""What only the folder store promises: its files, its crashes, and the disk below it."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import storage.objects.folder_writer as folder_writer
from storage.errors import (
    ObjectExists,
    ObjectKept,
    ObjectMissing,
    ObjectStoreError,
    StoreFull,
    StoreRefused,
    StoreUnavailable,
)
from storage.objects.folder import INCOMING, FolderStore
from tests.sampling import stride
from tests.storage.killing import run_killed_at

NAME = "recordings/2026/original"
CONTENT = b"what was recorded" * 100
NOBODY = 65534


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def test_files_can_be_written_by_nobody_and_folders_entered_by_few(store: FolderStore) -> None:
    store.put(NAME, CONTENT)
    path = store.root / NAME
    assert stat.S_IMODE(path.stat().st_mode) & ~0o440 == 0
    assert path.stat().st_mode & stat.S_IRUSR
    for folder in (path.parent, store.root, store.root / INCOMING):
        assert stat.S_IMODE(folder.stat().st_mode) & ~0o750 == 0


def test_nothing_passing_stays_after_success_refusal_or_abort(store: FolderStore) -> None:
    store.put(NAME, CONTENT)
    store.put(NAME, CONTENT)
    with pytest.raises(ObjectExists):
        store.put(NAME, b"other")
    store.create("aborted").abort()
    assert list((store.root / INCOMING).iterdir()) == []
    assert (store.root / NAME).stat().st_nlink == 1


def test_a_kill_at_any_line_of_a_put_leaves_all_or_nothing_and_the_repeat_succeeds(tmp_path: Path) -> None:
    whole_after = set()
    line = 0
    ended = False
    while not ended:
        line += stride(4)
        store = FolderStore(tmp_path / str(line))
        ended = run_killed_at(line, lambda store=store: store.put(NAME, CONTENT), "/storage/objects/")
        names = list(store.list())
        assert names in ([], [NAME])
        if names:
            whole_after.add(line)
            assert (store.root / NAME).read_bytes() == CONTENT
        assert store.put(NAME, CONTENT).size_bytes == len(CONTENT)
        assert list(store.list()) == [NAME]
    assert line > 50
    assert whole_after == set(range(min(whole_after), line + 1, stride(4)))


def test_a_kill_at_any_line_of_a_delete_leaves_all_or_nothing_and_the_repeat_succeeds(tmp_path: Path) -> None:
    line = 0
    ended = False
    while not ended:
        line += 1
        store = FolderStore(tmp_path / str(line))
        store.put(NAME, CONTENT)
        ended = run_killed_at(line, lambda store=store: store.delete(NAME), "/storage/objects/")
        assert list(store.list()) in ([], [NAME])
        store.delete(NAME)
        assert list(store.list()) == []
    assert line > 10


def test_what_a_killed_writer_left_is_swept_and_a_live_one_is_left_alone(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    child = os.fork()
    if child == 0:
        store.create("killed").write(CONTENT)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    writer = FolderStore(store.root).create("alive")
    long_ago = time.time() - 3600
    for path in (store.root / INCOMING).iterdir():
        os.utime(path, (long_ago, long_ago))
    assert FolderStore(store.root).sweep_abandoned() == 1
    writer.write(CONTENT)
    os.utime(next((store.root / INCOMING).iterdir()), (long_ago, long_ago))
    FolderStore(store.root).put("another", b"its first write sweeps")
    assert writer.commit().size_bytes == len(CONTENT)
    assert list(store.list()) == ["alive", "another"]


def test_a_young_file_is_not_swept_though_its_writer_has_not_locked_it_yet(store: FolderStore) -> None:
    store.put(NAME, CONTENT)
    (store.root / INCOMING / "just-opened").touch()
    assert store.sweep_abandoned() == 0


@pytest.mark.parametrize("call", ["fdatasync", "link", "sync_folder"])
@pytest.mark.parametrize("lands", [False, True])
def test_a_write_that_fails_before_or_after_it_lands_can_be_repeated(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch, call: str, lands: bool
) -> None:
    store.put("earlier", b"bytes")
    place = folder_writer if call == "sync_folder" else os
    real = getattr(place, call)

    def fail(*arguments: object) -> None:
        if lands:
            real(*arguments)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as broken:
        broken.setattr(place, call, fail)
        with pytest.raises(StoreUnavailable):
            store.put(NAME, CONTENT)
    assert list((store.root / INCOMING).iterdir()) == []
    assert list(store.list()) in (["earlier"], ["earlier", NAME])
    assert store.put(NAME, CONTENT).size_bytes == len(CONTENT)
    assert (store.root / NAME).read_bytes() == CONTENT


_FULL_DISK = """
import os, sys
from pathlib import Path
from storage.errors import StoreFull
from storage.objects.folder import INCOMING, FolderStore
store, declared = FolderStore(Path(sys.argv[1]) / "store"), sys.argv[2] == "declared"
filler = Path(sys.argv[1]) / "filler"
filler.write_bytes(bytes(1 << 20))
content = os.urandom(3 << 20)
try:
    with store.create("a/b", len(content) if declared else None) as writer:
        writer.write(content)
        writer.commit()
except StoreFull as full:
    print(full.name, list(store.list()), list((store.root / INCOMING).iterdir()))
filler.unlink()
print(store.put("a/b", content).size_bytes)
"""


@pytest.mark.parametrize("declared", ["declared", "unknown"])
def test_a_full_disk_stores_nothing_and_goes_on_when_there_is_room(tmp_path: Path, declared: str) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount_and_run = 'mount -t tmpfs -o size=3500k tmpfs "$1" && exec "$2" -c "$3" "$1" "$4"'
    unshare = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount_and_run, "sh")
    if subprocess.run((*unshare[:4], "true"), check=False).returncode != 0:
        pytest.skip("no user namespaces here, so no small disk of our own")
    command = (*unshare, str(disk), sys.executable, _FULL_DISK, declared)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["a/b [] []", str(3 << 20)]


def test_an_object_longer_than_files_may_be_finds_no_room_and_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        (sys.executable, "-c", _LONGEST_FILE, str(tmp_path)), capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["a/b []", "7"]


_LONGEST_FILE = """
import resource, sys
from pathlib import Path
from storage.errors import StoreFull
from storage.objects.folder import FolderStore

store = FolderStore(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
try:
    store.put("a/b", bytes(2 << 20))
except StoreFull as error:
    print(error.name, list(store.list()))
store.put("a/c", b"7 bytes")
print(store.stat("a/c").size_bytes)
"""


def test_an_error_of_a_full_disk_says_what_to_do() -> None:
    assert "free space" in str(StoreFull("a/b"))


@pytest.fixture
def refusing_folder() -> Iterator[Path]:
    """A folder this process may neither read nor write; root becomes nobody for that long."""
    folder = Path(tempfile.mkdtemp())
    store = FolderStore(folder / "store")
    store.put(NAME, CONTENT)
    was_root = os.geteuid() == 0
    for path in (store.root / "recordings", store.root / INCOMING):
        path.chmod(0)
    folder.chmod(0o755)
    store.root.chmod(0o755)
    if was_root:
        os.seteuid(NOBODY)
    try:
        yield store.root
    finally:
        if was_root:
            os.seteuid(0)
        for path in (store.root / "recordings", store.root / INCOMING):
            path.chmod(0o700)
        shutil.rmtree(folder)


def test_a_folder_without_permission_is_named_with_the_reason(refusing_folder: Path) -> None:
    store = FolderStore(refusing_folder)
    calls: list[Callable[[], object]] = [
        lambda: store.put("a", b"bytes"),
        lambda: store.open(NAME),
        lambda: store.stat(NAME),
        lambda: list(store.list()),
        lambda: store.delete(NAME),
    ]
    for call in calls:
        with pytest.raises(StoreRefused) as refused:
            call()
        assert str(refusing_folder) in refused.value.path
        assert refused.value.reason == "Permission denied"


def test_a_planted_link_leads_nowhere(store: FolderStore, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    store.put("a/b", b"bytes")
    (store.root / "a" / "linked").symlink_to(secret)
    with pytest.raises(StoreRefused):
        store.open("a/linked")
    assert store.stat("a/linked") is None
    assert list(store.list()) == ["a/b"]
    with pytest.raises(StoreRefused):
        store.put("a/linked", b"secret")
    assert secret.read_bytes() == b"secret"


def test_a_file_cut_short_behind_an_open_reader_is_an_error_not_short_data(store: FolderStore) -> None:
    store.put("a", bytes(10_000))
    with store.open("a") as reader:
        (store.root / "a").chmod(0o600)
        os.truncate(store.root / "a", 5_000)
        with pytest.raises(StoreUnavailable):
            reader.read_span(0, 10_000)


def test_a_store_that_vanished_under_a_process_is_unavailable_not_made_anew(store: FolderStore) -> None:
    writer = store.create(NAME)
    writer.write(CONTENT)
    shutil.rmtree(store.root)
    with pytest.raises(StoreUnavailable):
        writer.commit()
    with pytest.raises(ObjectMissing):
        store.open(NAME)
    with pytest.raises(StoreUnavailable):
        store.put(NAME, CONTENT)  # a disk that is no longer mounted must not be taken for a new, empty store
    assert FolderStore(store.root).put(NAME, CONTENT).size_bytes == len(CONTENT)


def test_asking_whether_a_store_works_writes_nothing_where_nothing_was_stored(tmp_path: Path) -> None:
    """A disk that is not mounted leaves an empty folder."""
    (tmp_path / "store").mkdir()
    FolderStore(tmp_path / "store").require_working()
    FolderStore(tmp_path / "never made").require_working()
    assert list((tmp_path / "store").iterdir()) == []
    assert not (tmp_path / "never made").exists()


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    store.put("a", b"bytes")
    shutil.rmtree(store.root / INCOMING)
    (store.root / INCOMING).write_text("no folder")
    with pytest.raises(ObjectStoreError):
        store.require_working()


@pytest.mark.parametrize("content", [b"", b"{", b'{"until": "never", "held": false}', b'{"held": false}'])
def test_what_no_longer_says_how_long_it_is_kept_is_not_deleted(store: FolderStore, content: bytes) -> None:
    store.put(NAME, CONTENT)
    store.keep_until(NAME, datetime.now(UTC) + timedelta(days=1))
    path = store.root / ".kept" / NAME
    path.chmod(0o600)
    path.write_bytes(content)
    with pytest.raises(StoreUnavailable):
        store.delete(NAME)
    assert list(store.list()) == [NAME]


def test_a_kill_at_any_line_of_a_keeping_leaves_it_as_it_was_or_lengthened(tmp_path: Path) -> None:
    line, ended = 0, False
    day, later = datetime(2100, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC)
    while not ended:
        line += stride(4)
        store = FolderStore(tmp_path / str(line))
        store.put(NAME, CONTENT)
        store.keep_until(NAME, day)
        ended = run_killed_at(line, lambda store=store: store.keep_until(NAME, later), "/storage/objects/")
        assert store.keeping(NAME).until in (day, later)
        with pytest.raises(ObjectKept):
            store.delete(NAME)
        assert store.keep_until(NAME, later).until == later
    assert line > 10
