"""What all answers have in common: problems in two languages, headers, health, and the description of the API."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import update

from api.engines.preparing import require_store
from api.engines.roles import DatabaseAddresses
from api.errors import UsageRefused
from api.http.app import make_framework
from api.http.problems import problem_of
from api.replicating import open_replicator
from api.scrubbing import open_scrubber
from api.tasks.staging import sweep_staged
from ingest.replica.mark import REPLICA
from ingest.scrub.due import Selection
from ingest.uploads.staging import Staging
from integrity.errors import TileUnavailable
from retention.paging import Cursor
from storage.catalog.object_looks import ObjectLook
from storage.catalog.recordings import MediaJob
from storage.errors import StoreUnavailable

UNKNOWN = "/api/v1/recordings/00000000-0000-4000-8000-000000000000"


def test_problems_speak_chinese_by_default_and_english_on_request(served: Any, scene: Any) -> None:
    chinese = scene.officer.get(UNKNOWN, headers={"Accept-Language": "fr"}).json()
    english = scene.officer.get(UNKNOWN, headers={"Accept-Language": "en-GB,zh;q=0.5"}).json()
    assert chinese["detail"].startswith("找不到")
    assert english["detail"].startswith("there is no recording")
    assert chinese["sentences"] == english["sentences"] == {"zh-CN": chinese["detail"], "en": english["detail"]}
    assert chinese["type"] == english["type"] == "urn:liuhen:problem:unknown"
    scene.officer.cookies.set("liuhen_lang", "zh")
    assert scene.officer.get(UNKNOWN).json()["detail"] == chinese["detail"]


def test_what_is_wrong_with_evidence_is_said_in_one_language_at_a_time() -> None:
    chinese, english = (problem_of(TileUnavailable("tile/0/000"), language) for language in ("zh", "en"))
    assert chinese["detail"] == "证据核验未通过：账本瓦片 tile/0/000 无法读取，可代替它的完整瓦片也无法读取"
    assert english["detail"] == "ledger tile tile/0/000 cannot be read, and neither can the full tile in its place"


def test_every_refusal_is_a_problem_document(served: Any, scene: Any) -> None:
    caller = scene.officer
    for answer, status in (
        (caller.get("/api/v1/nowhere"), 404),
        (caller.put("/api/v1/session"), 405),
        (caller.post("/api/v1/cases", json={}), 422),
        (served.caller().get("/api/v1/session"), 401),
    ):
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert set(answer.json()["sentences"]) == {"zh-CN", "en"}
    assert caller.post("/api/v1/cases", json={}).json()["fields"] == ["number", "title"]


def test_a_wrong_address_typed_in_a_browser_gets_a_page_and_a_program_a_problem(served: Any, scene: Any) -> None:
    typed = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    page = scene.officer.get("/recordngs", headers=typed)
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "nothing is at this address" in page.text
    assert 'href="/cases"' in page.text
    stranger = served.caller().get("/recordngs", headers=typed | {"Accept-Language": "zh"})
    assert (stranger.status_code, "没有这个地址" in stranger.text) == (404, True)
    assert served.caller().get("/static/none.js", headers=typed).headers["content-type"].startswith("text/html")
    sent = scene.officer.post("/cases", headers=typed)
    assert (sent.status_code, "turn the browser&#39;s JavaScript on" in sent.text) == (405, True)
    for answer in (
        scene.officer.get("/recordngs"),
        scene.officer.post("/cases"),
        scene.officer.get("/api/v1/nowhere", headers=typed),
        scene.officer.get("/ledger/nowhere", headers=typed),
        scene.officer.get("/uploads/nowhere", headers=typed | {"Tus-Resumable": "1.0.0"}),
    ):
        assert answer.status_code in (401, 404, 405)
        assert answer.headers["content-type"] == "application/problem+json"


def test_static_files_are_asked_after_each_time(served: Any) -> None:
    script = served.caller().get("/static/js/liuhen.js")
    assert (script.status_code, script.headers["cache-control"]) == (200, "no-cache")
    known = served.caller().get("/static/js/liuhen.js", headers={"If-None-Match": script.headers["etag"]})
    assert (known.status_code, known.headers["cache-control"]) == (304, "no-cache")


def test_an_unforeseen_error_tells_nothing_of_the_inside(served: Any, scene: Any, monkeypatch: Any) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("/secret/path")

    monkeypatch.setattr("api.http.routes.cases.list_cases", fail)
    answer = scene.officer.get("/api/v1/cases")
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:liuhen:problem:internal")
    assert "secret" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_store_that_fails_is_503_without_its_path(served: Any, scene: Any, monkeypatch: Any) -> None:
    served.grant(scene.case, scene.officer.person, scene.supervisor.person, "copy")

    whole = served.archive.store.open

    def fail(name: str) -> Any:
        if name.startswith("originals/"):
            raise StoreUnavailable(name, "/srv/data is gone")
        return whole(name)

    monkeypatch.setattr(served.archive.store, "open", fail)
    answer = scene.officer.get(f"/api/v1/recordings/{scene.recording.id}/original")
    assert answer.status_code == 503
    assert "/srv/data" not in answer.text
    assert "retry-after" in answer.headers


def test_a_database_that_does_not_answer_is_not_ready(served: Any) -> None:
    who = served.signed_in(served.unit(), "officer")
    notices = ("copies", "staging", "objects", "scrub")
    all_well = dict.fromkeys(("database", "store", "keys", *notices), "ok")
    assert who.get("/readyz").json() == {"status": "ok", "checks": all_well}
    served.as_owner("REVOKE SELECT ON unit, sign_in_session FROM liuhen_app")
    ready = who.get("/readyz")
    assert ready.status_code == 503
    unasked = dict.fromkeys(notices, "unknown")
    assert ready.json()["checks"] == {**all_well, "database": "ProgrammingError", **unasked}
    assert who.get("/healthz").json()["status"] == "ok"
    assert "permission denied" not in who.get("/api/v1/session").text


def test_a_database_that_nobody_has_brought_to_this_release_is_not_ready(served: Any) -> None:
    who = served.caller()
    served.as_owner("UPDATE alembic_version SET version_num = '0082'")
    ready = who.get("/readyz")
    assert (ready.status_code, ready.json()["checks"]["database"]) == (503, "SchemaBehind")
    served.as_owner("UPDATE alembic_version SET version_num = '9999'")
    assert who.get("/readyz").status_code == 200, "a newer one serves a release that is still there"


def test_a_database_that_is_gone_is_503_and_not_a_fault_of_ours(served: Any) -> None:
    who = served.signed_in(served.unit(), "officer")
    served.answering.database.engine.dispose()
    url = served.answering.database.engine.url.set(database="nothing_of_that_name")
    served.answering.database.__init__(url.render_as_string(hide_password=False).replace("+psycopg", ""))
    answer = who.get("/api/v1/session")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:liuhen:problem:database")
    assert "nothing_of_that_name" not in answer.text
    assert "retry-after" in answer.headers


def test_copies_that_wait_for_room_are_told_and_stop_nothing_else(served: Any, scene: Any) -> None:
    waiting = {"state": "due", "outcome": "no_room: 31 GB", "finished_at": None}
    with served.archive.database.transaction() as session:
        session.add(MediaJob(recording_id=scene.recording.id, unit_id=scene.unit.id, kind="recovery", **waiting))
    answer = served.caller().get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["copies"]) == (200, "NoRoomToWork")
    assert "liuhen_media_jobs_without_room 1.0" in served.caller().get("/metrics").text


def test_staged_files_that_the_catalog_does_not_know_are_told_and_stop_nothing(served: Any) -> None:
    staging = Staging(served.archive.staging_folder)
    staging.bytes_path("a" * 32).write_bytes(b"x" * 4096)
    sweep_staged(served.archive)
    answer = served.caller().get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["staging"]) == (200, "StagedBytesUnknown")
    metrics = served.caller().get("/metrics").text
    assert "liuhen_staged_files_unknown 1.0" in metrics
    assert "liuhen_staged_bytes_unknown 4096.0" in metrics
    page = served.signed_in(served.unit(), "administrator").get("/admin").text
    assert "Staged files without an upload" in page
    staging.remove("a" * 32)
    sweep_staged(served.archive)
    assert served.caller().get("/readyz").json()["checks"]["staging"] == "ok"
    assert "liuhen_staged_files_unknown 0.0" in served.caller().get("/metrics").text


def test_a_stored_object_that_is_lost_is_told_until_it_is_whole_again(served: Any, scene: Any) -> None:
    path = served.archive.settings.data / "objects" / scene.recording.object_name
    content = path.read_bytes()
    path.unlink()
    scrub(served)
    who, administrator = served.caller(), served.signed_in(scene.unit, "administrator")
    answer = who.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["objects"]) == (200, "ObjectsDamaged")
    assert 'liuhen_objects_lost{found="missing"} 1.0' in who.get("/metrics").text
    page = administrator.get("/admin").text
    assert "Lost stored objects" in page
    assert scene.recording.object_name in page
    elsewhere = served.signed_in(served.unit(), "administrator").get("/admin").text
    assert scene.recording.object_name not in elsewhere
    path.write_bytes(content)
    scrub(served)
    assert who.get("/readyz").json()["checks"]["objects"] == "ok"
    assert 'liuhen_objects_lost{found="missing"} 0.0' in who.get("/metrics").text
    assert "Lost stored objects" not in administrator.get("/admin").text


def scrub(served: Any) -> None:
    scrubber = open_scrubber(served.archive, Selection.all_before(datetime.now(UTC)))
    while not scrubber.go_on(1 << 30).idle:
        pass


def test_what_is_not_in_the_replica_is_told_until_it_is(served: Any, scene: Any, tmp_path: Path) -> None:
    who, administrator = served.caller(), served.signed_in(scene.unit, "administrator")
    assert "replica" not in who.get("/readyz").json()["checks"], "there is none"
    assert "liuhen_replica_objects_waiting 0.0" in who.get("/metrics").text
    served.name_replica(tmp_path / "second")
    assert who.get("/readyz").json()["checks"]["replica"] == "ok"
    with psycopg.connect(served.owner_url) as connection:
        connection.execute("UPDATE object_replica SET recorded_at = now() - interval '25 hours'")
    answer = who.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["replica"]) == (200, "ReplicaBehind")
    (waits,) = re.findall(r"^liuhen_replica_oldest_waiting_seconds (\S+)$", who.get("/metrics").text, re.M)
    assert 25 * 3600 <= float(waits) < 26 * 3600
    assert re.search(r"^liuhen_replica_objects_waiting [1-9]", who.get("/metrics").text, re.M)
    assert "Objects that are not in the replica yet" in administrator.get("/admin").text
    REPLICA.note_working(served.archive.database, str(tmp_path / "second"), "StoreFull")
    assert who.get("/readyz").json()["checks"]["replica"] == "ReplicaFailing"
    page = administrator.get("/admin").text
    assert "The replica does not work" in page
    assert "StoreFull" in page
    replica = served.archive.replica
    assert replica is not None
    replicator = open_replicator(served.archive, replica)
    while not replicator.go_on(1 << 30).idle:
        pass
    assert who.get("/readyz").json()["checks"]["replica"] == "ok"
    assert "liuhen_replica_objects_waiting 0.0" in who.get("/metrics").text
    assert "The replica does not work" not in administrator.get("/admin").text


def test_a_round_that_is_not_kept_is_told(served: Any, scene: Any) -> None:
    with served.archive.database.transaction() as session:
        session.execute(update(ObjectLook).values(looked_at=datetime.now(UTC) - timedelta(days=61)))
    answer = served.caller().get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["scrub"]) == (200, "ScrubBehind")
    (said,) = re.findall(r"^liuhen_scrub_oldest_look_seconds (\S+)$", served.caller().get("/metrics").text, re.M)
    assert 61 * 86400 <= float(said) < 62 * 86400


def test_a_store_whose_disk_is_not_mounted_is_not_ready_until_it_is(served: Any, addresses: DatabaseAddresses) -> None:
    objects = served.archive.settings.data / "objects"
    served.sequencing.stop()
    served.sequencing.publish_all()
    mounted = objects.rename(objects.with_name("on the disk"))
    objects.mkdir()
    answer = served.caller().get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["store"]) == (503, "StoreLacksLedger")
    with pytest.raises(UsageRefused, match="磁盘未挂载"):
        require_store(served.archive.settings, addresses)
    objects.rmdir()
    mounted.rename(objects)
    assert served.caller().get("/readyz").status_code == 200
    require_store(served.archive.settings, addresses)


def test_lost_keys_are_not_ready(served: Any) -> None:
    assert served.caller().get("/readyz").status_code == 200
    shutil.rmtree(served.archive.keyring.folder / "signing")
    answer = served.caller().get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["keys"]) == (503, "KeyFileUnreadable")


def test_metrics_count_without_naming_anybody(served: Any, scene: Any) -> None:
    scene.officer.get(f"/api/v1/recordings/{scene.recording.id}")
    served.wait_for_places()
    text = served.caller().get("/metrics").text
    assert 'route="/api/v1/recordings/{recording_id}",status="2xx"' in text
    assert "liuhen_ledger_size 0" not in text
    assert 'liuhen_uploads_waiting{state="open"} 0.0' in text
    assert 'liuhen_uploads_waiting{state="failed"} 0.0' in text
    for name in (str(scene.recording.id), scene.officer.person.sign_in_name, scene.officer.person.name):
        assert name not in text


def test_every_response_carries_the_security_headers(served: Any, scene: Any) -> None:
    for path in ("/healthz", "/api/v1/session", "/nowhere", "/openapi.json"):
        headers = scene.officer.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"


def test_the_description_is_whole_and_says_what_each_route_does(served: Any) -> None:
    document = served.caller().get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert document == make_framework().openapi()
    text = json.dumps(document)
    for reference in {part.partition('"')[0] for part in text.split('"$ref": "#/components/schemas/')[1:]}:
        assert reference in document["components"]["schemas"]
    ids = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            ids.append(operation["operationId"])
            chinese, _, english = operation["summary"].partition(" / ")
            assert chinese, (path, method)
            assert english.isascii(), (path, method)
            for status in ("401", "403", "404", "422"):
                assert "application/problem+json" in operation["responses"][status]["content"]
            assert ("security" in operation) == (not is_public(path, method)), (path, method)
    assert len(ids) == len(set(ids))
    examples = [schema for schema in document["components"]["schemas"].values() if "examples" in json.dumps(schema)]
    assert len(examples) > 30


def is_public(path: str, method: str) -> bool:
    if path in ("/api/v1/session", "/api/v1/first-administrator", "/api/v1/station-enrolments"):
        return method == "post"
    ledger = "/ledger/checkpoint", "/ledger/consistency"
    return path.startswith(("/healthz", "/readyz", "/metrics", *ledger, "/api/v1/keys"))


@pytest.mark.parametrize(
    ("role", "path"),
    [("legal_reviewer", "reviews"), ("legal_reviewer", "disagreements"), ("supervisor", "publications")],
)
def test_a_cursor_of_another_list_is_refused_in_words(served: Any, role: str, path: str) -> None:
    caller = served.signed_in(served.unit(), role)
    foreign = Cursor(datetime.now(UTC), "no id").to_text()
    refused = caller.get(f"/api/v1/{path}", params={"cursor": foreign})
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:liuhen:problem:cursor"), refused.text


@pytest.mark.parametrize("path", ["annual", "annual.csv", "annual.xlsx", "annual.pdf"])
def test_a_checkpoint_beyond_any_number_the_ledger_counts_to_is_refused(served: Any, path: str) -> None:
    caller = served.signed_in(served.unit(), "supervisor")
    for size in (2**63, 10**30):
        refused = caller.get(f"/api/v1/reports/{path}", params={"year": 2026, "size": size})
        assert refused.status_code == 422, refused.text
    assert caller.get(f"/api/v1/reports/{path}", params={"year": 2026, "size": 2**63 - 1}).status_code in (
        404,
        409,
        422,
    )
