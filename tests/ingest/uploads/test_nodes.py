"""Two ingest nodes over one catalog: each has its own bytes, and touches nothing of what the other has."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest.uploads.handover import Handover
from ingest.uploads.sweeps import expire_stale, recover_finished, remove_orphans
from ingest.uploads.unknown import read_unknown
from tests.ingest.uploads.serving import small_limits

STREAM = {"Content-Type": "application/offset+octet-stream"}
KEY = "0123456789abcdef" * 2
CONTENT = bytes(range(256)) * 4096
LONG = CONTENT * 3


def upload_id_of(path: str) -> str:
    return path.rpartition("/")[2]


def forms(path: str) -> tuple[str, ...]:
    """Every address that names this upload: its own, without a node, and under names that are not its row's."""
    upload_id = upload_id_of(path)
    return path, f"/uploads/{upload_id}", f"/uploads/b/{upload_id}", f"/uploads/nobody/{upload_id}"


@dataclass
class Pair:
    a: Any
    b: Any

    def files(self, name: str) -> set[str]:
        return {path.name for path in Path(getattr(self, name).setup["staging"]).iterdir()}


@pytest.fixture
def pair(start_server, tmp_path) -> Pair:
    return Pair(*(start_server(node=name, staging=str(tmp_path / f"staging-{name}")) for name in "ab"))


def test_an_upload_is_addressed_by_its_node_and_its_bytes_are_there_alone(pair):
    for node, tus in (("a", pair.a), ("b", pair.b)):
        path = tus.create(len(LONG))
        assert path == f"/uploads/{node}/{upload_id_of(path)}"
        assert tus.patch(path, 0, LONG[:10]).status == 204
        assert tus.patch(path, 10, LONG[10:]).status == 204
        assert tus.staged(upload_id_of(path)) == LONG
        assert tus.finishes(path) == 1
    assert not pair.files("a") & pair.files("b")


def test_whatever_the_address_says_of_the_node_the_row_counts(pair):
    path = pair.a.create(10)
    for number, form in enumerate(forms(path)):
        assert pair.a.head(form).offset == number
        assert pair.a.patch(form, number, CONTENT[number : number + 1]).offset == number + 1
    assert pair.a.staged(upload_id_of(path)) == CONTENT[:4]
    assert pair.a.request("DELETE", forms(path)[1]).status == 204


@pytest.mark.parametrize("form", range(4))
def test_at_the_wrong_node_nothing_is_touched_and_the_answer_says_where_to(pair, form):
    path = pair.a.create(len(LONG))
    assert pair.a.patch(path, 0, LONG[:10]).offset == 10
    before = pair.files("a"), pair.files("b")
    address = forms(path)[form]
    last = {"Upload-Checksum": "sha256 " + "A" * 43 + "="}
    for refused in (
        pair.b.head(address),
        pair.b.patch(address, 10, LONG[10:20]),
        pair.b.patch(address, 0, LONG[:20]),
        pair.b.patch(address, 10, LONG[10:]),
        pair.b.patch(address, 10, LONG[10:], last),
        pair.b.request("DELETE", address),
    ):
        assert refused.status == 503
        assert int(refused.headers["retry-after"]) > 0
        if refused.body:
            problem = refused.problem
            assert (problem["type"], problem["node"]) == ("urn:liuhen:problem:upload:another-node", "a")
            assert all(path in sentence for sentence in problem["sentences"].values())
    assert (pair.files("a"), pair.files("b")) == before
    assert pair.a.head(path).offset == 10
    assert pair.a.patch(path, 10, LONG[10:]).status == 204
    assert pair.a.staged(upload_id_of(path)) == LONG
    assert pair.a.state(upload_id_of(path)) == "finished"


def test_a_small_whole_body_at_the_wrong_node_is_not_taken_either(pair):
    path = pair.a.create(10)
    assert pair.b.patch(path, 0, CONTENT[:10]).status == 503
    assert pair.files("b") == set()
    assert pair.a.state(upload_id_of(path)) == "open"
    assert pair.a.patch(path, 0, CONTENT[:10]).status == 204


def test_a_body_that_stalls_at_the_wrong_node_is_answered_before_it_is_read(pair, wire):
    path = pair.a.create(len(LONG))
    connection = pair.b.begin_patch(path, 0, len(LONG))
    assert wire.reply(connection).status == 503
    connection.close()


def test_a_neighbour_learns_nothing_of_where_an_upload_is(pair):
    path = pair.a.create(10)
    for tus in (pair.a, pair.b):
        assert tus.head(path, token="t2").status == 403
        assert tus.patch(path, 0, b"0123", token="t2").status == 403
        assert tus.request("DELETE", path, token="t2").status == 403
        assert tus.head(path, token="nobody").status == 401
        assert tus.head(f"/uploads/a/{'f' * 32}").status == 404


def test_of_what_has_ended_every_node_says_what_its_row_says(pair):
    finished, gone = pair.a.create(10), pair.a.create(10)
    assert pair.a.patch(finished, 0, CONTENT[:10]).status == 204
    assert pair.a.request("DELETE", gone).status == 204
    assert pair.b.head(finished).offset == 10
    assert pair.b.patch(finished, 10, b"").status == 204
    assert pair.b.patch(finished, 0, CONTENT[:10]).status == 409
    assert pair.b.request("DELETE", finished).status == 409
    assert [pair.b.request(verb, gone).status for verb in ("HEAD", "DELETE")] == [410, 410]
    assert pair.b.patch(gone, 0, CONTENT[:10]).status == 410
    assert pair.files("b") == set()


@pytest.mark.parametrize(
    "path",
    ["/uploads/a", "/uploads/a/", "/uploads/A/{}", "/uploads/-a/{}", "/uploads/a/b/{}", "/uploads//{}",
     "/uploads/a//{}", "/uploads/../{}", "/uploads/" + "a" * 32 + "/{}", "/uploads/a%2F{}/", "/uploads/{}/a",
     "/uploads/a/{}/"],
)  # fmt: skip
def test_what_is_no_address_of_a_node_is_404(pair, path):
    there = upload_id_of(pair.a.create(10))
    assert pair.a.head(path.format(there)).status == 404


def create(tus: Any, length: int, headers: dict[str, str] | None = None, body: bytes = b"") -> Any:
    return tus.request(
        "POST", "/uploads", {"Upload-Length": str(length), "Idempotency-Key": KEY, **(headers or {})}, body
    )


def test_a_creation_that_is_repeated_at_another_node_is_told_where_the_first_one_is(pair):
    first = create(pair.a, 10)
    again = create(pair.b, 10)
    assert (first.status, again.status, again.path) == (201, 201, first.path)
    assert again.headers["upload-expires"] == first.headers["upload-expires"]
    assert pair.files("b") == set()
    assert create(pair.b, 11).status == 422
    register = json.loads(Path(pair.a.setup["register"]).read_text())
    assert list(register["uploads"]) == [upload_id_of(first.path)]
    assert pair.a.patch(first.path, 0, CONTENT[:10]).status == 204
    late = create(pair.b, 10)
    assert (late.status, late.path) == (201, first.path)


def test_a_creation_with_upload_that_is_repeated_elsewhere_says_no_offset_as_it_knows_none(pair):
    first = create(pair.a, 10, STREAM, b"0123")
    again = create(pair.b, 10, STREAM, b"XXXX")
    assert (first.status, first.offset, again.status, again.path) == (201, 4, 201, first.path)
    assert "upload-offset" not in again.headers
    assert pair.files("b") == set()
    assert pair.a.patch(first.path, 4, b"456789").status == 204
    assert pair.a.staged(upload_id_of(first.path)) == b"0123456789"
    assert create(pair.b, 10, STREAM, b"0123").offset == 10


def test_a_node_that_is_killed_in_mid_upload_goes_on_when_it_is_back(pair, wire):
    path, content = pair.a.create(len(LONG)), hashlib.sha256(LONG).hexdigest()
    assert pair.a.patch(path, 0, LONG[: 1 << 20]).offset == 1 << 20
    connection = pair.a.begin_patch(path, 1 << 20, len(LONG) - (1 << 20), first=LONG[1 << 20 : 2 << 20])
    wire.eventually(lambda: pair.a.is_held(path))
    pair.a.kill()
    connection.close()
    later = datetime.now(UTC) + timedelta(days=40)
    for sweep in (
        lambda: recover_finished(pair.b.staging, pair.b.register, Handover(pair.b.register, lambda _: None)),
        lambda: expire_stale(pair.b.staging, pair.b.register, small_limits(), later),
        lambda: remove_orphans(pair.b.staging, pair.b.register, small_limits(), later),
    ):
        assert sweep() == []
    assert pair.b.head(path).status == 503
    pair.a.start()
    offset = pair.a.head(path).offset
    assert offset >= 1 << 20
    assert pair.a.patch(path, offset, LONG[offset:]).status == 204
    assert hashlib.sha256(pair.a.staged(upload_id_of(path))).hexdigest() == content
    assert pair.a.finishes(path) == 1


def test_sweeps_of_a_node_look_at_its_own_rows_and_its_own_files(pair):
    path = pair.a.create(4)
    with pair.a.staging.take_first_ticket(upload_id_of(path), 4) as held:
        assert held.try_lock()
        held.note_row_open()
        held.open_bytes(4)
        held.append([b"0123"])
        held.keep()
    later = datetime.now(UTC) + timedelta(days=40)
    # Were its bytes here judged by that row, it would have begun anew, or been over.
    assert recover_finished(pair.b.staging, pair.b.register, Handover(pair.b.register, lambda _: None)) == []
    assert expire_stale(pair.b.staging, pair.b.register, small_limits(), later) == []
    assert pair.a.state(upload_id_of(path)) == "open"
    stray = pair.b.staging.bytes_path(upload_id_of(path))
    stray.write_bytes(b"a disk that was put into another host")
    assert remove_orphans(pair.b.staging, pair.b.register, small_limits(), later) == []
    assert read_unknown(pair.b.staging.folder).files == 0
    assert recover_finished(pair.a.staging, pair.a.register, Handover(pair.a.register, lambda _: None)) == [
        upload_id_of(path)
    ]
    pair.a.change_register(lambda content: content["uploads"][upload_id_of(path)].update(state="receipted"))
    assert remove_orphans(pair.b.staging, pair.b.register, small_limits(), later) == [upload_id_of(path)]
    assert pair.a.staged(upload_id_of(path)) == b"0123"


def test_what_was_opened_on_the_one_box_before_it_had_a_name_is_of_no_node(start_server, pair, tmp_path):
    box = start_server(staging=str(tmp_path / "staging-box"))
    path = box.create(10)
    assert path == f"/uploads/{upload_id_of(path)}"
    refused = pair.a.patch(path, 0, b"0123")
    assert (refused.status, refused.problem["node"]) == (503, "")
    assert box.patch(f"/uploads/a/{upload_id_of(path)}", 0, b"0123").offset == 4
