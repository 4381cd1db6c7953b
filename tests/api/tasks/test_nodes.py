"""Ingest nodes in the catalog: each seals and sweeps its own; of one that is gone for ever, a person decides."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from api.cli.admin_uploads import list_unknown_files, list_uploads, move, release, retry, upload_lines
from api.errors import UsageRefused
from api.http.app import make_uploads
from api.node_folder import own_staging
from api.reconciling.run import reconcile
from api.tasks.custody import open_custody
from api.tasks.staging import recover_all_uploads, sweep_staged
from api.verification import verify_archive
from ingest.lanes import seal_all_due, seal_next
from ingest.sealing.due import ANY_ORDER, Size, _next_due, lease_due_upload
from ingest.sealing.errors import UploadNotInTrouble
from storage.catalog.uploads import LARGE_UPLOAD, StationLoad, Upload

CONTENT = b"no picture, but evidence\n" * 100


class Node:
    """An archive as a process of one node opens it, with a data folder of its own over shared keys and objects."""

    def __init__(self, sealing: Any, name: str) -> None:
        shared, data = sealing.settings.data, sealing.settings.data.parent / f"node-{name}"
        data.mkdir(mode=0o700)
        for part in ("keys", "objects", "tsa"):
            (data / part).symlink_to(shared / part)
        settings = sealing.settings.model_copy(update={"data": data, "node": name})
        self.archive = replace(sealing.archive, settings=settings)
        self.staging = self.archive.staging
        self.custody = replace(sealing.custody, staged_path=self.staging.bytes_path)
        self._sealing = sealing

    def stage(self, content: bytes) -> str:
        with self.taken():
            upload_id: str = self._sealing.stage(content, f"{uuid.uuid4().hex}.mp4")
            return upload_id

    @contextmanager
    def taken(self) -> Iterator[None]:
        before, self._sealing.staging = self._sealing.staging, self.staging
        yield
        self._sealing.staging = before

    def lease(self, worker: str = "test") -> str | None:
        due = lease_due_upload(self.archive.database, worker, node=self.staging.node)
        return None if due is None else due.id

    def seal_all(self) -> None:
        seal_all_due(self.custody, self.staging, f"test-{self.staging.node}", lambda: None)


@pytest.fixture
def nodes(sealing: Any) -> tuple[Node, Node]:
    return Node(sealing, "a"), Node(sealing, "b")


def row(sealing: Any, upload_id: str) -> Upload:
    with sealing.archive.database.reading() as session:
        return session.get_one(Upload, upload_id)


def change(sealing: Any, *ids: str, **values: Any) -> None:
    with sealing.archive.database.transaction() as session:
        session.execute(update(Upload).where(Upload.id.in_(ids)).values(**values))


def states(sealing: Any) -> dict[str, str]:
    with sealing.archive.database.reading() as session:
        return {row.id: row.state for row in session.scalars(select(Upload))}


def test_custody_leases_what_its_own_node_has_and_never_sees_the_rest(sealing: Any, nodes: tuple[Node, Node]) -> None:
    a, b = nodes
    on_box, on_a, on_b = sealing.stage(CONTENT, "x.mp4"), [a.stage(CONTENT) for _ in range(2)], b.stage(CONTENT)
    assert a.lease("first") == on_a[0]
    assert a.lease("second") == on_a[1]
    assert a.lease("third") is None
    assert b.lease() == on_b
    due = lease_due_upload(sealing.archive.database, "box")
    assert due is not None
    assert due.id == on_box


def test_each_node_seals_its_own_bytes_and_removes_no_others(sealing: Any, nodes: tuple[Node, Node]) -> None:
    a, b = nodes
    first, second = a.stage(b"on a"), b.stage(b"on b")
    a.seal_all()
    assert states(sealing) == {first: "receipted", second: "finished"}
    assert (a.staging.list_uploads(), b.staging.list_uploads()) == (set(), {second})
    b.seal_all()
    assert set(states(sealing).values()) == {"receipted"}
    sealing.settle()
    report = verify_archive(sealing.archive)
    assert report.findings == ()


@pytest.mark.parametrize(
    ("of_node", "size", "index"),
    [("a", Size.ANY, "ix_upload_due"), ("b", Size.LARGE, "ix_upload_due_large"), ("b", Size.SMALL, "ix_upload_due")],
)
def test_a_look_for_what_is_due_is_one_look_at_the_index_whatever_waits_elsewhere_or_is_small(
    sealing: Any, nodes: tuple[Node, Node], of_node: str, size: Size, index: str
) -> None:
    _, b = nodes
    b.stage(CONTENT if size is not Size.LARGE else CONTENT.ljust(LARGE_UPLOAD))
    with sealing.archive.database.transaction() as session:
        session.execute(
            text("""INSERT INTO upload (id, station_id, unit_id, declared_length, claims, attempts, expires_at, state,
                    finished_at, node)
                SELECT md5(n::text), station_id, unit_id, 1, '{}', 0, now(), 'finished', now() - interval '1 day', :node
                FROM upload, generate_series(1, 5000) n"""),
            {"node": of_node},
        )
        session.execute(text("ANALYZE upload"))
    with sealing.archive.database.reading() as session:
        statement = _next_due("b", size, ANY_ORDER, []).compile(
            session.connection(), compile_kwargs={"literal_binds": True}
        )
        plan = session.scalars(text(f"EXPLAIN (ANALYZE, FORMAT TEXT) {statement}")).all()
    text_of_plan = "\n".join(plan)
    assert f"using {index} on upload" in text_of_plan, text_of_plan
    assert "Rows Removed by Filter: 5" not in text_of_plan, text_of_plan
    assert "Sort Method" not in text_of_plan.partition(index)[2], text_of_plan
    assert b.lease() is not None


def test_sweeps_of_a_node_touch_neither_rows_nor_files_of_another(sealing: Any, nodes: tuple[Node, Node]) -> None:
    a, b = nodes
    waiting = a.stage(b"waits")
    complete, stale = a.stage(b"all here"), a.stage(b"stale")
    past = datetime.now(UTC) - timedelta(days=40)
    change(sealing, complete, stale, state="open", finished_at=None, expires_at=past)
    a.staging.record_whole(complete, len(b"all here"))
    before = {path.name: path.read_bytes() for path in a.staging.folder.iterdir()}
    recover_all_uploads(b.archive)
    sweep_staged(b.archive)
    assert states(sealing) == {waiting: "finished", complete: "open", stale: "open"}
    assert {path.name: path.read_bytes() for path in a.staging.folder.iterdir()} == before
    recover_all_uploads(a.archive)
    assert states(sealing) == {waiting: "finished", complete: "finished", stale: "expired"}
    assert list_unknown_files(b.archive) == list_unknown_files(a.archive) == []


def left_alone(sealing: Any, *ids: str) -> None:
    change(sealing, *ids, finished_at=func.now() - timedelta(hours=2))


def decide(node: Any, deed: Any, *words: Any) -> Any:
    with node.archive.database.transaction() as session:
        return deed(node.archive, session, *words)


def test_what_waits_on_a_node_that_seals_no_more_is_listed_with_its_node_and_released_from_another(
    sealing: Any, nodes: tuple[Node, Node]
) -> None:
    a, b = nodes
    first, second, on_box = a.stage(b"first"), a.stage(b"second"), sealing.stage(b"box", "x.mp4")
    assert decide(b, list_uploads) == []
    with pytest.raises(UploadNotInTrouble):
        decide(b, release, first, "太早")
    left_alone(sealing, first, second, on_box)
    change(sealing, second, leased_by="worker", leased_until=func.now() + timedelta(seconds=20))
    assert decide(b, list_uploads) == []  # slow, and at work
    change(sealing, second, leased_by=None, leased_until=None)
    listed = decide(b, list_uploads)
    assert {(each["upload_id"], each["node"], each["staged_bytes"]) for each in listed} == {
        (first, "a", None),
        (second, "a", None),
    }
    assert all("  @a  " in "\n".join(upload_lines(each)) for each in listed)
    assert {each["staged_bytes"] for each in decide(a, list_uploads)} == {5, 6}
    assert decide(b, release, first, "采集节点磁盘损毁")["state"] == "terminated"
    b.staging.remove(first)
    with sealing.archive.database.reading() as session:
        assert session.get_one(StationLoad, sealing.station_id).waiting_bytes == len(b"second") + len(b"box")
    assert decide(b, retry, second)["state"] == "finished"
    # The station sends it again, elsewhere; and where the node lives after all, it drops its bytes an hour later.
    again = b.stage(b"first")
    b.seal_all()
    assert row(sealing, again).state == "receipted"
    hour_ago = a.staging.bytes_path(first).stat().st_mtime - 3700
    os.utime(a.staging.bytes_path(first), (hour_ago, hour_ago))
    sweep_staged(a.archive)
    assert a.staging.list_uploads() == {second}
    a.seal_all()
    assert row(sealing, second).state == "receipted"


def test_all_that_a_node_had_in_hand_goes_over_to_another(sealing: Any, nodes: tuple[Node, Node]) -> None:
    a, b = nodes
    brought, lost, done, opened = a.stage(b"brought along"), a.stage(b"lost"), a.stage(b"done"), a.stage(b"open")
    change(sealing, opened, state="open", finished_at=None)
    change(sealing, done, finished_at=func.now() - timedelta(days=1))
    assert seal_next(a.custody, a.staging, "test")
    change(sealing, lost, leased_by="worker", leased_until=func.now() + timedelta(seconds=20))
    with b.archive.database.transaction() as session, pytest.raises(UsageRefused, match="is sealing"):
        move(session, "a", "b")
    change(sealing, lost, leased_by=None, leased_until=None)
    for wrong in (("a", "a"), ("a", "B"), ("a b", "b")):
        with b.archive.database.transaction() as session, pytest.raises(UsageRefused, match="two different nodes"):
            move(session, *wrong)
    a.staging.bytes_path(brought).rename(b.staging.bytes_path(brought))
    with b.archive.database.transaction() as session:
        assert move(session, "a", "b") == {"from": "a", "to": "b", "uploads": 3}
    assert a.lease() is None
    b.seal_all()
    assert row(sealing, done).node == "a"
    assert {each: row(sealing, each).state for each in (brought, lost, done, opened)} == {
        brought: "receipted",
        lost: "failed",
        done: "receipted",
        opened: "open",
    }
    (listed,) = decide(b, list_uploads)
    assert (listed["upload_id"], listed["failure_code"]) == (lost, "StagedFileMissing")
    assert decide(b, release, lost, "磁盘损毁")["state"] == "terminated"


def test_what_the_one_box_had_in_hand_becomes_its_first_nodes(sealing: Any, commands: Any, capsys: Any) -> None:
    upload_id = sealing.stage(CONTENT, "x.mp4")
    assert commands("admin", "upload", "move", "--to", "a") == 0
    assert "1" in capsys.readouterr().out
    assert row(sealing, upload_id).node == "a"
    assert commands("admin", "upload", "move", "--from", "a") == 0
    assert row(sealing, upload_id).node == ""


def test_the_command_releases_from_a_host_that_has_none_of_its_bytes(
    sealing: Any, nodes: tuple[Node, Node], commands: Any, capsys: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    a, _ = nodes
    upload_id = a.stage(b"lost with its disk")
    left_alone(sealing, upload_id)
    monkeypatch.setenv("LIUHEN_NODE", "b")
    monkeypatch.setenv("LIUHEN_STAGING_FOLDER", str(tmp_path / "elsewhere"))
    assert commands("admin", "upload", "list", "--json") == 0
    (listed,) = json.loads(capsys.readouterr().out)["items"]
    assert (listed["upload_id"], listed["node"], listed["staged_bytes"]) == (upload_id, "a", None)
    assert commands("admin", "upload", "release", upload_id, "--reason", "采集节点磁盘损毁") == 0
    assert row(sealing, upload_id).state == "terminated"
    assert sealing.entries("upload.released") == 1
    assert list((tmp_path / "elsewhere").iterdir()) == []
    # Whatever of it is on a disk that was not lost after all is that node's to sweep.
    assert a.staging.bytes_path(upload_id).exists()


def test_a_node_reconciles_what_is_staged_on_it(sealing: Any, nodes: tuple[Node, Node]) -> None:
    a, b = nodes
    missing, there, ended = a.stage(b"missing"), a.stage(b"there"), b.stage(b"ended")
    a.staging.bytes_path(missing).unlink()
    b.seal_all()
    for upload_id in (there, ended):  # left behind on another node
        (b.staging if upload_id == there else a.staging).bytes_path(upload_id).write_bytes(b"there")
    sealing.settle()

    def found_on(node: Node) -> set[tuple[str, str]]:
        told: set[tuple[str, str]] = set()
        reconcile(node.archive, lambda one: told.add((one.code.name, one.subject)), sleep=lambda _: None)
        return {each for each in told if each[0].startswith("staged")}

    assert found_on(a) == {("staged_missing", missing), ("staged_leftover", ended)}
    assert found_on(b) == set()


def test_a_name_in_the_catalog_is_a_name(sealing: Any) -> None:
    upload_id = sealing.stage(CONTENT, "x.mp4")
    change(sealing, upload_id, node="a" * 31)
    for wrong in ("a" * 32, "A", "-a", "a/b", "a b"):
        with pytest.raises(Exception, match="ck_upload_node"):
            change(sealing, upload_id, node=wrong)


def test_a_disk_that_is_mounted_at_another_node_is_refused_and_left_as_it_is(
    sealing: Any, nodes: tuple[Node, Node]
) -> None:
    a, b = nodes
    upload_id = a.stage(CONTENT)
    for _ in range(2):
        assert own_staging(a.archive).node == "a"
    assert own_staging(sealing.archive).node == ""
    assert list(sealing.staging.folder.iterdir()) == []
    b.staging.folder.rmdir()
    a.staging.folder.rename(b.staging.folder)
    for begin in (own_staging, make_uploads):
        with pytest.raises(UsageRefused, match="is of node 'a'"):
            begin(b.archive)
    nameless = b.archive.settings.model_copy(update={"node": ""})
    with pytest.raises(UsageRefused, match="is of node 'a'"):
        own_staging(replace(b.archive, settings=nameless))
    assert b.staging.list_uploads() == {upload_id}
    (b.staging.folder / "node").unlink()
    assert own_staging(b.archive).node == "b"
    assert {path.name for path in b.staging.folder.iterdir()} == {f"{upload_id}.bin", "node"}


def test_custody_of_a_node_reads_its_own_folder(nodes: tuple[Node, Node]) -> None:
    custody = open_custody(nodes[0].archive)
    assert custody.staged_path("a" * 32).parent == nodes[0].staging.folder
    assert nodes[0].staging.folder != nodes[1].staging.folder
