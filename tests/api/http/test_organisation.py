"""Units, people, stations, tokens: what administrators do, in their own unit and those below it."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ingest.dock.token import read_station_token
from ingest.sealing.due import lease_due_upload, stop_upload
from ingest.sealing.errors import ClaimedDigestDiffers, LostBeforeReceipt
from integrity.keys import load_public_key
from integrity.receipt import open_receipt
from storage.catalog.ledger import KEY_PURPOSES
from storage.catalog.uploads import Upload
from storage.errors import StoreUnavailable
from storage.objects.folder import FolderStore
from storage.objects.protocol import StoredObject

NEW_PERSON = {"name": "王敏", "sign_in_name": "wangmin", "role": "officer", "badge_number": "000123"}


@pytest.fixture
def administrator(served: Any) -> Any:
    return served.signed_in(served.unit(), "administrator")


def test_an_administrator_makes_units_below_and_people_in_them(served: Any, administrator: Any) -> None:
    unit = administrator.post("/api/v1/units", json={"name": "三大队", "code": "JC-03"}).json()
    assert unit["parent_id"] == str(administrator.person.unit_id)
    body = {**NEW_PERSON, "unit_id": unit["id"], "password": "correct horse battery"}
    person = administrator.post("/api/v1/people", json=body)
    assert (person.status_code, person.json()["can_sign_in"]) == (201, True)
    assert "password" not in person.text
    assert administrator.post("/api/v1/people", json=body).json()["type"] == "urn:liuhen:problem:taken"
    signed_in = served.caller().post(
        "/api/v1/session", json={"sign_in_name": "wangmin", "password": "correct horse battery"}
    )
    assert signed_in.json()["unit"]["name"] == "三大队"
    (listed,) = administrator.get("/api/v1/people", params={"unit": unit["id"]}).json()["items"]
    assert listed["badge_number"] == "000123"
    assert len(administrator.get("/api/v1/units").json()["items"]) == 2
    promoted = administrator.post(f"/api/v1/people/{listed['id']}/role", json={"role": "supervisor"})
    assert promoted.json()["role"] == "supervisor"
    assert administrator.post(f"/api/v1/people/{listed['id']}/role", json={"role": "king"}).status_code == 422


def test_a_deactivated_person_is_out_at_once(served: Any, administrator: Any) -> None:
    with served.database.reading() as session:
        from storage.catalog.organisation import Unit

        unit = session.get_one(Unit, administrator.person.unit_id)
    officer = served.signed_in(unit, "officer")
    program = served.program(officer.person)
    address = f"/api/v1/people/{officer.person.id}/deactivate"
    assert administrator.post(address, json={"reason": "调离"}).json()["active"] is False
    assert (officer.get("/api/v1/session").status_code, program.get("/api/v1/session").status_code) == (401, 401)
    own = administrator.post(f"/api/v1/people/{administrator.person.id}/deactivate", json={"reason": "x"})
    assert own.json()["type"] == "urn:liuhen:problem:own-account"


def test_others_neither_look_at_people_nor_make_them(served: Any, administrator: Any, scene: Any) -> None:
    assert scene.officer.get("/api/v1/people").status_code == 403
    assert scene.officer.post("/api/v1/people", json=NEW_PERSON).status_code == 403
    assert scene.officer.post("/api/v1/stations", json={"name": "x"}).status_code == 403
    elsewhere = str(scene.unit.id)
    assert administrator.get("/api/v1/people", params={"unit": elsewhere}).status_code == 403
    assert administrator.post("/api/v1/people", json={**NEW_PERSON, "unit_id": elsewhere}).status_code == 403
    assert administrator.post("/api/v1/stations", json={"name": "x", "unit_id": elsewhere}).status_code == 403
    stranger = f"/api/v1/people/{scene.officer.person.id}"
    assert administrator.post(f"{stranger}/password", json={"password": "long enough!"}).status_code == 403
    assert administrator.post(f"{stranger}/tokens", json={"label": "x"}).status_code == 403
    assert administrator.get("/api/v1/people", params={"unit": str(uuid.uuid4())}).status_code == 404


def test_unknown_fields_and_control_characters_are_refused(administrator: Any) -> None:
    for wrong in ({**NEW_PERSON, "admin": True}, {**NEW_PERSON, "name": "a\0b"}, {**NEW_PERSON, "name": "a\u202eb"}):
        answer = administrator.post("/api/v1/people", json=wrong)
        assert answer.status_code == 422, answer.text
    lone = '{"name": "\\ud800", "sign_in_name": "x", "role": "officer"}'
    answer = administrator.post("/api/v1/people", content=lone, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert administrator.post("/api/v1/people", content=b"{").status_code in (400, 422)


def test_nobody_gets_a_token_of_somebody_who_signs_in(served: Any, administrator: Any) -> None:
    person = administrator.post("/api/v1/people", json={**NEW_PERSON, "password": "a long enough one"}).json()
    refused = administrator.post(f"/api/v1/people/{person['id']}/tokens", json={"label": "in another's name"})
    assert refused.status_code == 403
    assert refused.json()["type"].endswith("others-token")


def test_a_token_acts_as_its_person_until_it_is_revoked(served: Any, administrator: Any) -> None:
    person = administrator.post("/api/v1/people", json={**NEW_PERSON, "password": None}).json()
    issued = administrator.post(f"/api/v1/people/{person['id']}/tokens", json={"label": "案管系统"}).json()
    program = served.caller(Authorization=f"Bearer {issued['token']}")
    shown = program.get("/api/v1/session").json()
    assert (shown["id"], shown["via"], shown["csrf_token"]) == (person["id"], "token", None)
    (listed,) = administrator.get(f"/api/v1/people/{person['id']}/tokens").json()["items"]
    assert "token" not in listed
    assert administrator.post(f"/api/v1/tokens/{issued['id']}/revoke").status_code == 200
    assert program.get("/api/v1/session").status_code == 401
    again = administrator.post(f"/api/v1/tokens/{issued['id']}/revoke")
    assert again.json()["type"] == "urn:liuhen:problem:token-revoked"
    assert len(served.entries("token.created")) == len(served.entries("token.revoked")) == 1


def test_a_station_is_enrolled_with_a_token_that_pins_the_receipt_key(
    served: Any, administrator: Any, tmp_path: Path
) -> None:
    enrolled = administrator.post("/api/v1/stations", json={"name": "三大队采集站"})
    (tmp_path / "token").touch(0o600)
    (tmp_path / "token").write_text(enrolled.text)
    token = read_station_token(tmp_path / "token")
    key = load_public_key(administrator.get("/api/v1/keys/receipt").content)
    assert token.pinned_key_id == key.key_id == served.keyring.public_key("receipt").key_id
    assert token.station_id == enrolled.json()["station_id"]
    for name in ("三大队采集站", " ", "two\nlines"):
        assert administrator.post("/api/v1/stations", json={"name": name}).status_code in (409, 422)
    (listed,) = administrator.get("/api/v1/stations").json()["items"]
    assert enrolled.json()["token"] not in str(listed)

    upload = {"Authorization": f"Bearer {token.text}", "Tus-Resumable": "1.0.0", "Upload-Length": "5"}
    upload["Upload-Metadata"] = "filename YS5tcDQ="
    assert served.caller().post("/uploads", headers=upload).status_code == 201
    address = f"/api/v1/stations/{listed['id']}/revoke"
    assert administrator.post(address).json()["revoked_at"] is not None
    assert served.caller().post("/uploads", headers=upload).status_code == 401
    assert administrator.post(address).json()["type"] == "urn:liuhen:problem:already-revoked"


def test_a_receipt_comes_verbatim_when_it_is_due_and_to_its_own_station(served: Any) -> None:
    unit = served.unit()
    station, other = served.station(unit), served.station(unit)
    upload_id = served.stage(station, b"evidence")
    mine = served.caller(Authorization=f"Bearer {station.token}")
    address = f"/api/v1/uploads/{upload_id}/receipt"
    pending = mine.get(address)
    assert (pending.status_code, pending.headers["retry-after"]) == (202, "1")
    theirs = served.caller(Authorization=f"Bearer {other.token}")
    assert theirs.get(address).status_code == 404
    assert mine.get(f"/api/v1/uploads/{'0' * 32}/receipt").status_code == 404
    assert served.caller().get(address).status_code == 401

    from ingest.custody import seal_upload

    issued = seal_upload(lease_due_upload(served.database, "test"), served.custody)
    answer = mine.get(address)
    assert answer.content == issued.envelope
    key = load_public_key(mine.get("/api/v1/keys/receipt").content)
    keys = mine.get("/api/v1/keys").json()
    receipt = open_receipt(answer.content, [key], keys["ledger_vkey"])
    assert receipt.upload_id == upload_id
    assert {item["purpose"] for item in keys["keys"]} == set(KEY_PURPOSES)
    assert theirs.get(address).status_code == 404


@pytest.mark.parametrize("cut", [False, True], ids=["gone", "shorter"])
def test_no_receipt_is_handed_out_again_for_an_object_that_is_not_there_as_it_was_sealed(
    served: Any, cut: bool
) -> None:
    station = served.station(served.unit())
    content = uuid.uuid4().bytes * 100
    recording = served.seal(station, content)
    mine = served.caller(Authorization=f"Bearer {station.token}")
    with served.database.reading() as session:
        upload_id = session.scalars(select(Upload.id).where(Upload.recording_id == recording.id)).one()
    address = f"/api/v1/uploads/{upload_id}/receipt"
    assert mine.get(address).status_code == 200
    path = served.archive.settings.data / "objects" / recording.object_name
    at_rest = path.read_bytes()
    path.unlink()
    if cut:
        path.write_bytes(at_rest[:-1])
    alarms = len(served.entries("recording.object_lost"))
    for _ in range(2):
        answer = mine.get(address)
        assert (answer.status_code, answer.json()["type"]) == (410, "urn:liuhen:problem:object-lost")
        assert "send it again" in answer.json()["sentences"]["en"]
    (alarm,) = served.entries("recording.object_lost")[alarms:]
    assert (alarm.subject_id, alarm.data["found"]) == (str(recording.id), "differs" if cut else "missing")

    assert served.seal(station, content).id == recording.id
    assert path.read_bytes() == at_rest
    assert mine.get(address).status_code == 200
    assert served.entries("recording.object_restored")[-1].subject_id == str(recording.id)


def test_a_store_that_does_not_answer_vouches_for_no_receipt(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    station = served.station(served.unit())
    recording = served.seal(station, uuid.uuid4().bytes)
    mine = served.caller(Authorization=f"Bearer {station.token}")
    with served.database.reading() as session:
        upload_id = session.scalars(select(Upload.id).where(Upload.recording_id == recording.id)).one()

    stat = FolderStore.stat

    def fail(store: FolderStore, name: str) -> StoredObject:
        if name.startswith("ledger/"):  # of the sequencer, which goes on beside this
            return stat(store, name)
        raise StoreUnavailable(name, "Input/output error")

    monkeypatch.setattr(FolderStore, "stat", fail)
    answer = mine.get(f"/api/v1/uploads/{upload_id}/receipt")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    monkeypatch.undo()
    assert not [each for each in served.entries("recording.object_lost") if each.subject_id == str(recording.id)]


def test_an_upload_that_could_not_be_sealed_is_a_conflict_with_the_reason(served: Any) -> None:
    station = served.station(served.unit())
    upload_id = served.stage(station, b"evidence", sha256="0" * 64)
    due = lease_due_upload(served.database, "test")
    stop_upload(served.database, due, ClaimedDigestDiffers(upload_id, "sha256", "0" * 64, "1" * 64))
    mine = served.caller(Authorization=f"Bearer {station.token}")
    answer = mine.get(f"/api/v1/uploads/{upload_id}/receipt")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:liuhen:problem:custody-failed")
    assert "sealed" in answer.json()["sentences"]["en"]
    assert answer.json()["failure"] == "ClaimedDigestDiffers"


def test_an_upload_whose_object_was_lost_before_its_receipt_is_a_conflict_too_until_it_has_it(served: Any) -> None:
    station = served.station(served.unit())
    recording = served.seal(station, content := uuid.uuid4().bytes)
    upload_id = served.stage(station, content)
    with served.database.transaction() as session:
        upload = session.get_one(Upload, upload_id)
        upload.state, upload.recording_id = "sealed", recording.id
    mine = served.caller(Authorization=f"Bearer {station.token}")
    address = f"/api/v1/uploads/{upload_id}/receipt"
    assert mine.get(address).status_code == 202
    due = lease_due_upload(served.database, "test")
    stop_upload(served.database, due, LostBeforeReceipt(upload_id, recording.id, "it is gone"))
    answer = mine.get(address)
    assert (answer.status_code, answer.json()["failure"]) == (409, "LostBeforeReceipt")
    assert "keep the original" in answer.json()["sentences"]["en"]
    assert "请保留设备上的原件" in answer.json()["sentences"]["zh-CN"]
