"""Archiving over HTTP: what is missing, the deed, the catalogue, supplements; and classes in lists and playback."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.trust_folder import build_trust
from casework.archiving.retention_rules import load_shipped_retention
from integrity.package.verify import verify_package
from storage.catalog.casework import Case
from tests.casework.sample_archive import SampleArchive

STAGES = ("initiation", "investigation", "decision", "execution")


@pytest.fixture
def desk(served: Any, scene: Any) -> Any:
    """The scene with the rules, and what a case needs to come to its end."""
    with served.database.transaction() as session:
        load_shipped_retention(session, datetime.now(UTC))
    served.certify(scene.officer.person.id, scene.supervisor.person.id)

    class Desk:
        officer, supervisor, unit = scene.officer, scene.supervisor, scene.unit
        recording, case = scene.recording, f"/api/v1/cases/{scene.case.id}"
        case_row = scene.case

        def record(self, content: bytes | None = None, name: str = "b.mp4") -> str:
            return str(served.seal(served.station(self.unit), content or os.urandom(1000), name).id)

        def put(self, stage: str, recording_id: str | None = None) -> None:
            said = {"recording_id": recording_id or self.record(), "stage": stage, "reason": "同一现场"}
            assert self.officer.post(f"{self.case}/links", json=said).status_code == 201

        def close(self) -> None:
            for person in (self.officer.person, self.supervisor.person):
                self.officer.post(f"{self.case}/officers", json={"person_id": str(person.id)})
            for stage in STAGES[1:]:
                if stage == "execution":
                    self.decide()
                entered = self.supervisor.post(f"{self.case}/stages", json={"stage": stage})
                assert entered.status_code == 201, entered.text
            assert self.officer.post(f"{self.case}/close", json={}).status_code == 200

        def decide(self) -> None:
            """A warning, which needs no review, is issued."""
            with served.database.transaction() as session:
                SampleArchive(session).decide(session.get_one(Case, self.case_row.id), self.supervisor.person)

        def archive(self, by: Any = None, **said: Any) -> Any:
            return (by or self.supervisor).post(f"{self.case}/archive", json=said)

        def ready(self) -> None:
            for stage in ("initiation", "decision", "execution"):
                self.put(stage)
            self.close()

    return Desk()


def test_what_is_missing_is_said_before_and_in_the_refusal_in_both_languages(desk: Any) -> None:
    asked = desk.officer.get(f"{desk.case}/archive").json()
    assert asked["archive"] is None
    assert [each["code"] for each in asked["missing"]] == [
        "not_closed",
        "stage_empty",
        "stages_skipped",
        "no_secrecy",
        "no_retention",
    ]
    assert asked["least_retention"]["retention_class"] == "permanent"
    assert any("第十三条" in law for law in asked["least_retention"]["law"])
    desk.close()
    refused = desk.archive()
    document = refused.json()
    assert (refused.status_code, document["type"]) == (409, "urn:liuhen:problem:not-archivable")
    chinese, english = document["sentences"]["zh-CN"], document["sentences"]["en"]
    for part in ("“启动”环节没有任何文字或音像记录", "“审核决定”", "“送达执行”", "尚未确定密级", "至少须为“永久”"):
        assert part in chinese
    for part in ("initiation", "decision", "execution", "no class of secrecy", "permanent at least"):
        assert part in english
    assert desk.archive(by=desk.officer, secrecy_class="ordinary").status_code == 403


def test_a_case_is_archived_its_catalogue_fetched_and_supplemented(served: Any, desk: Any) -> None:
    preview = desk.officer.get(f"{desk.case}/catalogue").json()
    assert (preview["version"], preview["versions"], len(preview["items"])) == (None, 0, 1)
    assert desk.officer.get(f"{desk.case}/catalogue.csv").status_code == 404
    desk.ready()
    made = desk.archive(secrecy_class="ordinary", retention_class="permanent")
    assert (made.status_code, made.json()["archived_by"]["id"]) == (201, str(desk.supervisor.person.id))
    twice = desk.archive(secrecy_class="ordinary", retention_class="permanent")
    assert (twice.status_code, twice.json()["type"]) == (409, "urn:liuhen:problem:already-archived")
    shown = desk.officer.get(f"{desk.case}/catalogue").json()
    assert [each["stage"] for each in shown["items"]] == list(STAGES)
    kept = desk.officer.get(f"{desk.case}/catalogue.json")
    assert hashlib.sha256(kept.content).hexdigest() == shown["sha256"]
    assert served.entries("case.archived")[0].data["catalogue_sha256"] == shown["sha256"]
    (row, *_) = csv.DictReader(io.StringIO(desk.officer.get(f"{desk.case}/catalogue.csv").content.decode("utf-8-sig")))
    assert (row["序号"], row["环节"], row["类别"]) == ("1", "启动", "音像记录")
    assert row["SHA-256"] == shown["items"][0]["sha256"]

    late = desk.record()
    said = {"recording_id": late, "stage": "decision", "reason": "同一现场"}
    refused = desk.officer.post(f"{desk.case}/links", json=said)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:liuhen:problem:case-archived")
    adding = {"recordings": [{"recording_id": late, "stage": "decision"}], "reason": "存储卡修复后取得"}
    assert desk.officer.post(f"{desk.case}/archive/supplements", json=adding).status_code == 403
    added = desk.supervisor.post(f"{desk.case}/archive/supplements", json=adding).json()
    assert (added["version"], added["reason"], len(added["items"])) == (2, "存储卡修复后取得", 5)
    first = desk.officer.get(f"{desk.case}/catalogue.json", params={"version": 1})
    assert first.content == kept.content
    assert desk.officer.get(f"{desk.case}/catalogue", params={"version": 3}).status_code == 404
    detail = desk.officer.get(f"/api/v1/recordings/{late}").json()
    assert (detail["retention_class"], detail["retain_until"]) == ("permanent", None)
    kinds = [each["kind"] for each in desk.officer.get(f"{desk.case}/timeline").json()["items"]]
    assert {"secrecy_stated", "archived", "archive_supplemented"} <= set(kinds)


def test_the_package_of_an_archived_case_brings_its_catalogue_and_verifies(
    served: Any, desk: Any, tmp_path: Path
) -> None:
    desk.ready()
    assert desk.archive(secrecy_class="ordinary", retention_class="permanent").status_code == 201
    grant = served.grant(desk.case_row, desk.officer.person, desk.supervisor.person, "copy")
    made = desk.officer.post(f"{desk.case}/exports", json={"grant_id": str(grant.id)}).json()
    package = desk.officer.get(f"/api/v1/exports/{made['id']}/package")
    with tarfile.open(fileobj=io.BytesIO(package.content)) as tar:
        tar.extractall(tmp_path, filter="data")
    verdict = verify_package(tmp_path / f"liuhen-{made['id']}", build_trust(served.archive))
    assert (verdict.catalogues, len(verdict.recordings)) == (1, 4)
    case_file = json.loads((tmp_path / f"liuhen-{made['id']}" / "meta/case.json").read_bytes())
    assert case_file["case"]["secrecy_class"] == "ordinary"


def test_a_class_keeps_a_recording_out_of_lists_searches_and_playback(served: Any, desk: Any) -> None:
    other, auditor = served.signed_in(desk.unit, "officer"), served.signed_in(desk.unit, "auditor")
    address, digest = f"/api/v1/recordings/{desk.recording.id}", desk.recording.sha256.hex()
    grant = served.grant(desk.case_row, other.person, desk.supervisor.person)
    served.copy(desk.recording, "proxy", b"a proxy, say", "video/mp4")
    assert other.get(f"{address}/renditions/proxy").status_code == 200
    stated = desk.officer.post(f"{desk.case}/secrecy", json={"secrecy_class": "business_secret", "reason": "配方"})
    assert (stated.status_code, stated.json()["secrecy"][0]["secrecy_class"]) == (201, "business_secret")
    for caller in (other, auditor):
        assert caller.get("/api/v1/recordings").json()["items"] == []
        assert caller.get("/api/v1/recordings", params={"sha256": digest}).json()["items"] == []
        assert caller.get(desk.case).json()["links"] == []
        for path in ("", "/manifest", "/token", "/chain", "/viewings", "/positions", "/original"):
            refused = caller.get(address + path)
            assert (refused.status_code, refused.json()["reason"]) == (403, "secrecy"), path
        for path in ("/catalogue", "/completeness"):
            assert caller.get(desk.case + path).status_code == 403, path
        asking = {"case_id": str(desk.case_row.id), "kind": "view", "purpose": "核对"}
        assert caller.post("/api/v1/requests", json=asking).json()["reason"] == "secrecy"
        assert desk.recording.original_name not in caller.get(f"/cases/{desk.case_row.id}").text
        assert desk.recording.original_name not in caller.get("/recordings").text
    assert grant.revoked_at is None
    assert "secrecy" in {each.data["reason"] for each in served.entries("access.denied")}
    assert desk.supervisor.get(address).status_code == 200
    # Less strict only by another supervisor than the one who made it so.
    assert (
        desk.officer.post(f"{desk.case}/secrecy", json={"secrecy_class": "ordinary", "reason": "x"}).status_code == 403
    )
    looser = desk.supervisor.post(f"{desk.case}/secrecy", json={"secrecy_class": "ordinary", "reason": "核实"})
    assert looser.status_code == 201
    assert other.get(f"{address}/renditions/proxy").status_code == 200


def test_state_secrets_need_a_licence(desk: Any) -> None:
    refused = desk.supervisor.post(f"{desk.case}/secrecy", json={"secrecy_class": "state_secret"})
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:liuhen:problem:state-secret")
    assert "LIUHEN_STATE_SECRET_LICENCE" in refused.json()["sentences"]["zh-CN"]
    desk.ready()
    refused = desk.archive(secrecy_class="state_secret", retention_class="permanent")
    assert "未获准处理国家秘密" in refused.json()["sentences"]["zh-CN"]


def test_cells_of_the_table_are_no_formulas(served: Any, desk: Any) -> None:
    desk.put("initiation", desk.record(name="=1+1.mp4"))
    desk.ready()
    assert desk.archive(secrecy_class="ordinary", retention_class="permanent").status_code == 201
    text = desk.officer.get(f"{desk.case}/catalogue.csv").content.decode("utf-8-sig")
    assert "'=1+1.mp4" in text
    assert ",=1+1.mp4" not in text
