"""Recordings as JSON: the list, the filters, one of them with its proofs, its chain of custody."""

from __future__ import annotations

import dataclasses
import hashlib
import uuid
from typing import Any

import pytest

from ingest.media.tiles import sprite_layout
from integrity.canonical import canonical_json
from integrity.dsse import Envelope
from integrity.manifest import open_manifest
from integrity.merkle import leaf_hash
from integrity.timestamp import decode_timestamp_response


def test_a_program_finds_a_file_by_its_digest(served: Any, scene: Any) -> None:
    program = served.program(scene.supervisor.person)
    digest = hashlib.sha256(scene.content).hexdigest()
    (item,) = program.get("/api/v1/recordings", params={"sha256": digest}).json()["items"]
    assert item["id"] == str(scene.recording.id)
    assert item["sha256"] == digest
    assert item["cases"] == [{"id": str(scene.case.id), "number": scene.case.number, "title": "占道经营"}]
    assert (item["may_view"], item["poster"]) == (False, None)
    assert program.get("/api/v1/recordings", params={"sha256": "0" * 64}).json() == {"items": [], "next": None}
    assert program.get("/api/v1/recordings", params={"sha256": "xyz"}).status_code == 422


def test_filters_narrow_the_list(served: Any, scene: Any) -> None:
    other = served.seal(served.station(scene.unit), b"another", "b.mp4", device="CD00009", officer="000777")
    there, elsewhere = str(scene.recording.id), str(other.id)
    for wanted, expected in (
        ({}, [elsewhere, there]),
        ({"device": "AB00001"}, [there]),
        ({"officer": "000777"}, [elsewhere]),
        ({"case": str(scene.case.id)}, [there]),
        ({"unlinked": "true"}, [elsewhere]),
        ({"media_state": "unreadable"}, [elsewhere, there]),
        ({"media_state": "opens"}, []),
        ({"from": "2026-01-01T01:30:00Z", "to": "2026-01-01T01:30:01Z"}, [there]),
        ({"to": "2026-01-01T01:30:00Z"}, []),
        ({"device": "a\0b"}, None),
    ):
        answer = scene.officer.get("/api/v1/recordings", params=wanted)
        if expected is None:
            assert answer.status_code == 422
        else:
            assert [item["id"] for item in answer.json()["items"]] == expected, wanted


def test_pages_follow_each_other_without_gap_or_repeat(served: Any) -> None:
    unit = served.unit()
    who, station = served.signed_in(unit, "officer"), served.station(unit)
    sealed = [str(served.seal(station, b"file %d" % number).id) for number in range(5)]
    seen, cursor = [], None
    while True:
        params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        answer = who.get("/api/v1/recordings", params=params).json()
        seen += [item["id"] for item in answer["items"]]
        cursor = answer["next"]
        if cursor is None:
            break
        # What arrives meanwhile shifts nothing.
        served.seal(station, uuid.uuid4().bytes)
    assert seen == sealed[::-1]
    for wrong in ({"limit": 0}, {"limit": 201}, {"cursor": "nonsense"}):
        answer = who.get("/api/v1/recordings", params=wrong)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"


def test_one_recording_states_digests_claims_and_its_place_in_the_ledger(served: Any, scene: Any) -> None:
    served.wait_for_places()
    address = f"/api/v1/recordings/{scene.recording.id}"
    shown = scene.officer.get(address).json()
    assert shown["sha256"] == hashlib.sha256(scene.content).hexdigest()
    assert shown["sm3"] == hashlib.new("sm3", scene.content).hexdigest()
    assert {"device", "officer", "started_at"} <= {claim["kind"] for claim in shown["claims"]}
    assert all(claim["source"] for claim in shown["claims"])
    assert isinstance(shown["ledger_index"], int)
    assert [receipt["repeat"] for receipt in shown["receipts"]] == [False]
    assert [link["case"]["id"] for link in shown["links"]] == [str(scene.case.id)]

    manifest = scene.officer.get(f"{address}/manifest")
    assert hashlib.sha256(manifest.content).hexdigest() == shown["manifest_sha256"]
    assert Envelope.parse(manifest.content)
    stated = open_manifest(manifest.content, [served.keyring.public_key("manifest")])
    assert stated.digests.sha256.hex == shown["sha256"]
    token = scene.officer.get(f"{address}/token")
    assert decode_timestamp_response(token.content).status == 0


def test_what_it_takes_to_show_a_copy_is_told_beside_it(served: Any, scene: Any) -> None:
    layout = dataclasses.asdict(sprite_layout(61.5))
    served.copy(scene.recording, "sprite", b"a sprite, say", "image/jpeg", facts=layout)
    served.copy(scene.recording, "poster", b"a poster, say", "image/jpeg")
    served.as_owner("UPDATE rendition SET facts = NULL WHERE name = 'poster'")
    copies = scene.officer.get(f"/api/v1/recordings/{scene.recording.id}").json()["copies"]
    assert {copy["name"]: copy["facts"] for copy in copies} == {"poster": None, "sprite": layout}


def test_the_chain_of_custody_is_the_ledgers_own_entries_in_order(served: Any, scene: Any) -> None:
    served.grant(scene.case, scene.officer.person, scene.supervisor.person)
    address = f"/api/v1/recordings/{scene.recording.id}"
    served.copy(scene.recording, "proxy", b"a proxy, say", "video/mp4")
    scene.officer.get(f"{address}/renditions/proxy", headers={"Range": "bytes=0-9"})
    scene.supervisor.get(f"{address}/renditions/proxy")
    served.wait_for_places()
    items = scene.supervisor.get(f"{address}/chain").json()["items"]
    actions = [item["entry"]["action"] for item in items]
    assert actions == [
        "upload.created",
        "upload.finished",
        "recording.sealed",
        "receipt.issued",
        "recording.linked",
        "rendition.made",
        "playback.window_opened",
        "access.denied",
    ]
    indexes = [item["index"] for item in items]
    assert indexes == sorted(indexes)
    for item in items:
        assert leaf_hash(canonical_json(item["entry"], "entry")).hex() == item["leaf_hash"]
    linked = items[4]
    assert linked["openings"] == {"reason": "同一现场"}
    assert linked["names"][str(scene.officer.person.id)] == scene.officer.person.name
    assert linked["names"][str(scene.case.id)] == scene.case.number
    first = scene.supervisor.get(f"{address}/chain", params={"limit": 2}).json()
    rest = scene.supervisor.get(f"{address}/chain", params={"cursor": first["next"]}).json()
    assert first["items"] + rest["items"] == items


def test_who_saw_it_is_told_with_the_purpose(served: Any, scene: Any) -> None:
    served.grant(scene.case, scene.officer.person, scene.supervisor.person)
    address = f"/api/v1/recordings/{scene.recording.id}"
    served.copy(scene.recording, "proxy", b"a proxy, say" * 10, "video/mp4")
    scene.officer.get(f"{address}/renditions/proxy", headers={"Range": "bytes=0-99"})
    served.wait_for_sent(100)
    (viewing,) = scene.supervisor.get(f"{address}/viewings").json()["items"]
    assert viewing["person"] == {"id": str(scene.officer.person.id), "name": scene.officer.person.name}
    assert (viewing["purpose"], viewing["sent_bytes"], viewing["window_count"]) == ("核对现场经过", 100, 1)


def test_posters_are_offered_only_to_whom_a_grant_lets_see_them(served: Any, scene: Any) -> None:
    served.copy(scene.recording, "poster", b"\xff\xd8picture", "image/jpeg")
    served.grant(scene.case, scene.officer.person, scene.supervisor.person)
    (mine,) = scene.officer.get("/api/v1/recordings").json()["items"]
    (theirs,) = scene.supervisor.get("/api/v1/recordings").json()["items"]
    assert mine["may_view"]
    assert scene.officer.get(mine["poster"]).content == b"\xff\xd8picture"
    assert (theirs["may_view"], theirs["poster"], theirs["renditions"]) == (False, None, ["poster"])


@pytest.mark.parametrize("below", [False, True], ids=["beside", "above"])
def test_another_unit_sees_no_recording_not_even_from_above(served: Any, scene: Any, below: bool) -> None:
    """The unit tree gives administrators people and ledger, never footage or what is known of it."""
    other = served.unit("江北")
    if below:
        served.as_owner("UPDATE unit SET parent_id = %s WHERE id = %s", other.id, scene.unit.id)
    for role in ("supervisor", "auditor", "administrator"):
        stranger = served.signed_in(other, role)
        assert stranger.get("/api/v1/recordings").json()["items"] == []
        for part in ("", "/manifest", "/token", "/chain", "/viewings"):
            answer = stranger.get(f"/api/v1/recordings/{scene.recording.id}{part}")
            assert (answer.status_code, answer.json()["reason"]) == (403, "other_unit")
    assert len(served.entries("access.denied")) == 15


def test_an_unknown_recording_is_not_found(served: Any, scene: Any) -> None:
    address = f"/api/v1/recordings/{uuid.uuid4()}"
    for part in ("", "/manifest", "/original", "/renditions/proxy"):
        assert scene.officer.get(address + part).status_code == 404
    assert scene.officer.get("/api/v1/recordings/none").status_code == 422
