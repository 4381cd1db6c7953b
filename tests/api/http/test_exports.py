"""Copying a case out over HTTP: made under a grant to copy, fetched as a tar that verifies."""

from __future__ import annotations

import io
import os
import tarfile
import time
from pathlib import Path
from typing import Any

from api.http.packages import packages_folder, sweep_packages
from api.trust_folder import build_trust
from integrity.package.verify import verify_package


def test_a_package_is_made_fetched_and_verifies(served: Any, scene: Any, tmp_path: Path) -> None:
    grant = served.grant(scene.case, scene.officer.person, scene.supervisor.person, "copy")
    made = scene.officer.post(f"/api/v1/cases/{scene.case.id}/exports", json={"grant_id": str(grant.id)})
    assert made.status_code == 201
    answer = scene.officer.get(made.json()["package"])
    assert answer.headers["content-type"] == "application/x-tar"
    assert int(answer.headers["content-length"]) == len(answer.content)
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as tar:
        tar.extractall(tmp_path / "out", filter="data")
    verdict = verify_package(tmp_path / "out" / f"liuhen-{made.json()['id']}", build_trust(served.archive))
    assert len(verdict.recordings) == 1
    (listed,) = scene.officer.get("/api/v1/exports").json()["items"]
    assert listed["statement_sha256"] == made.json()["statement_sha256"]
    assert listed["package"] == made.json()["package"]
    (theirs,) = scene.supervisor.get("/api/v1/exports").json()["items"]
    assert theirs["package"] is None
    assert [len(served.entries(f"export.{step}")) for step in ("started", "finished", "package_sent")] == [1, 1, 1]

    others = scene.supervisor.get(made.json()["package"])
    assert (others.status_code, others.json()["reason"]) == (403, "not_yours")
    scene.supervisor.post(f"/api/v1/grants/{grant.id}/revoke", json={"reason": "误批"})
    assert scene.officer.get(made.json()["package"]).json()["reason"] == "revoked"
    assert [entry.data["reason"] for entry in served.entries("access.denied")] == ["not_yours", "revoked"]


def test_a_grant_to_view_copies_nothing_and_the_refusal_is_one_entry(served: Any, scene: Any) -> None:
    grant = served.grant(scene.case, scene.officer.person, scene.supervisor.person, "view")
    answer = scene.officer.post(f"/api/v1/cases/{scene.case.id}/exports", json={"grant_id": str(grant.id)})
    assert (answer.status_code, answer.json()["reason"]) == (403, "wrong_kind")
    assert [entry.data["reason"] for entry in served.entries("access.denied")] == ["wrong_kind"]
    assert list(packages_folder(served.archive).iterdir()) == []


def test_a_case_without_recordings_gives_no_package(served: Any, scene: Any) -> None:
    case = served.case(scene.officer.person)
    grant = served.grant(case, scene.officer.person, scene.supervisor.person, "copy")
    answer = scene.officer.post(f"/api/v1/cases/{case.id}/exports", json={"grant_id": str(grant.id)})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:liuhen:problem:nothing-to-copy")


def test_packages_are_swept_after_a_day(served: Any, scene: Any) -> None:
    grant = served.grant(scene.case, scene.officer.person, scene.supervisor.person, "copy")
    made = scene.officer.post(f"/api/v1/cases/{scene.case.id}/exports", json={"grant_id": str(grant.id)}).json()
    assert sweep_packages(served.archive) == 0
    yesterday = time.time() - 25 * 3600
    os.utime(packages_folder(served.archive) / made["id"], (yesterday, yesterday))
    assert sweep_packages(served.archive) == 1
    assert scene.officer.get(made["package"]).json()["type"] == "urn:liuhen:problem:package"


def test_originals_leave_with_the_reason_of_one_and_the_consent_of_another(served: Any, scene: Any) -> None:
    legal = served.signed_in(scene.unit, "legal_reviewer")
    form = {"case_id": str(scene.case.id), "kind": "copy", "purpose": "移送法院"}
    asked = scene.officer.post("/api/v1/requests", json={**form, "unredacted_reason": "法院须核验原件"}).json()
    assert (asked["unredacted"], asked["unredacted_reason"]) == (True, "法院须核验原件")
    approve = f"/api/v1/requests/{asked['id']}/approve"
    refused = legal.post(approve, json={"hours": 1})
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:liuhen:problem:consent")
    assert "须明确同意并填写同意的理由" in refused.json()["sentences"]["zh-CN"]
    grant = legal.post(approve, json={"hours": 1, "consent_reason": "同意"}).json()
    assert (grant["unredacted"], grant["consent_reason"]) == (True, "同意")
    redacted = served.grant(scene.case, scene.officer.person, scene.supervisor.person, "copy", redacted=True)
    export = f"/api/v1/cases/{scene.case.id}/exports"
    answer = scene.officer.post(export, json={"grant_id": str(redacted.id)})
    assert (answer.status_code, answer.json()["reason"]) == (403, "redacted_only")
    assert "遮蔽副本" in answer.json()["sentences"]["zh-CN"]
    assert scene.officer.post(export, json={"grant_id": grant["id"]}).status_code == 201
