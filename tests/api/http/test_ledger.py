"""The ledger over HTTP: entries for auditors, and files that anybody can check."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from casework.retrieval.sampling import seed_after
from integrity.canonical import canonical_json
from integrity.checkpoint import open_checkpoint
from integrity.growth import check_growth, check_growth_by_tiles, parse_growth
from integrity.merkle import leaf_hash, root_of
from integrity.tiles import decode_bundle, hashes_of_tile
from storage.catalog.ledger import KEY_PURPOSES, LedgerCheckpoint, LedgerEntryRow, LedgerSequence


def test_checkpoint_and_tiles_are_public_and_fit_each_other(served: Any, scene: Any) -> None:
    served.wait_for_places()
    anybody = served.caller()
    vkey = anybody.get("/api/v1/keys").json()["ledger_vkey"]
    note = anybody.get("/ledger/checkpoint")
    assert note.headers["cache-control"] == "public, max-age=1"
    checkpoint = open_checkpoint(note.content, vkey)
    assert 0 < checkpoint.size < 256
    tile = anybody.get(f"/ledger/tile/0/000.p/{checkpoint.size}")
    assert "immutable" in tile.headers["cache-control"]
    hashes = hashes_of_tile(tile.content, checkpoint.size)
    assert root_of(hashes) == checkpoint.root

    path = f"/ledger/tile/entries/000.p/{checkpoint.size}"
    assert anybody.get(path).status_code == 401
    assert scene.supervisor.get(path).status_code == 403
    auditor = served.program(served.person(scene.unit, "auditor"))
    bundle = decode_bundle(auditor.get(path).content, checkpoint.size)
    assert [leaf_hash(entry) for entry in bundle] == list(hashes)


def test_every_checkpoint_there_was_is_served_by_its_size_and_by_what_it_covers_first(served: Any, scene: Any) -> None:
    served.wait_for_places()
    anybody = served.caller()
    scene.officer.post("/api/v1/cases", json={"number": "江城罚〔2026〕9号", "title": "占道经营"})
    served.wait_for_places()
    with served.archive.database.reading() as session:
        rows = {row.size: row.note for row in session.scalars(select(LedgerCheckpoint))}
        occurred = dict(
            session.execute(select(LedgerSequence.index, LedgerEntryRow.occurred_at).join(LedgerEntryRow)).all()
        )
    assert len(rows) > 1
    for size, note in rows.items():
        answer = anybody.get(f"/ledger/checkpoint/{size}")
        assert (answer.content, "immutable" in answer.headers["cache-control"]) == (note, True)
    for index, at in occurred.items():
        first = min(size for size in rows if size > index)
        assert anybody.get("/ledger/checkpoint", params={"covering": index}).content == rows[first]
        # The seed of a draw, by the entries' own times, which are not in the order of their places.
        seed = min(size for size in rows if size > min(each for each, when in occurred.items() if when >= at))
        with served.archive.database.reading() as session:
            found = seed_after(session, at)
        assert found is not None
        assert found.size == seed
    with served.archive.database.reading() as session:
        assert seed_after(session, max(occurred.values()) + timedelta(seconds=1)) is None
    between = next(size for size in range(1, max(rows) + 2) if size not in rows)
    assert anybody.get(f"/ledger/checkpoint/{between}").status_code == 404
    assert anybody.get("/ledger/checkpoint", params={"covering": max(rows)}).status_code == 404
    for odd in ("-1", "x", str(1 << 63)):
        assert anybody.get(f"/ledger/checkpoint/{odd}").status_code == 422
        assert anybody.get("/ledger/checkpoint", params={"covering": odd}).status_code == 422


def test_whoever_kept_a_checkpoint_gets_proof_that_the_ledger_only_grew(served: Any, scene: Any) -> None:
    served.wait_for_places()
    anybody = served.caller()
    vkey = anybody.get("/api/v1/keys").json()["ledger_vkey"]
    kept = anybody.get("/ledger/checkpoint").content
    served.signed_in(scene.unit, "auditor")
    served.wait_for_places()
    size = open_checkpoint(kept, vkey).size
    answer = anybody.get(f"/ledger/consistency/{size}")
    assert answer.headers["cache-control"] == "public, max-age=1"
    grown = check_growth(kept, parse_growth(answer.content), vkey)
    assert grown.new.size > size
    latest = anybody.get("/ledger/checkpoint").content
    by_tiles = check_growth_by_tiles(kept, latest, lambda path: anybody.get(f"/ledger/{path}").content, vkey)
    assert by_tiles.new == open_checkpoint(latest, vkey)
    assert anybody.get("/ledger/consistency/0").content.startswith(b"old 0\n\n")
    assert anybody.get(f"/ledger/consistency/{grown.new.size + 1000}").status_code == 404
    assert anybody.get("/ledger/consistency/-1").status_code == 422


def test_what_names_no_tile_is_not_found(served: Any, scene: Any) -> None:
    for path in ("0/999", "9/000", "0/000.p/0", "../../keys/origin", "0/..%2f..%2forigin", "0/000.p/257"):
        answer = served.caller().get(f"/ledger/tile/{path}")
        assert answer.status_code == 404, path


def test_without_a_checkpoint_the_ledger_says_try_again(served: Any) -> None:
    served.sequencing.stop()
    served.as_owner("ALTER TABLE ledger_checkpoint DISABLE TRIGGER USER")
    served.as_owner("DELETE FROM ledger_checkpoint")
    answer = served.caller().get("/ledger/checkpoint")
    assert answer.status_code == 503
    assert "retry-after" in answer.headers


def test_auditors_read_the_entries_of_their_unit_and_those_below(served: Any, scene: Any) -> None:
    top = served.unit("市局")
    served.as_owner("UPDATE unit SET parent_id = %s WHERE id = %s", top.id, scene.unit.id)
    stranger_unit = served.unit("江北", parent=top)
    served.wait_for_places()
    above, own = served.signed_in(top, "auditor"), served.signed_in(scene.unit, "auditor")
    beside = served.signed_in(stranger_unit, "auditor")
    wanted = {"action": "recording.sealed"}
    for auditor, expected in ((above, 1), (own, 1), (beside, 0)):
        items = auditor.get("/api/v1/ledger/entries", params=wanted).json()["items"]
        assert len(items) == expected
    assert scene.officer.get("/api/v1/ledger/entries").status_code == 403
    # What belongs to no unit, such as the archive's keys, is shown at the top alone.
    keys = {"action": "key.activated"}
    assert len(above.get("/api/v1/ledger/entries", params=keys).json()["items"]) == len(KEY_PURPOSES)
    assert own.get("/api/v1/ledger/entries", params=keys).json()["items"] == []
    # Bundles hold every unit's entries.
    assert own.get("/ledger/tile/entries/000.p/1").status_code == 403


def test_entries_come_as_they_were_hashed_with_names_beside_them(served: Any, scene: Any) -> None:
    served.wait_for_places()
    auditor, administrator = (served.signed_in(scene.unit, role) for role in ("auditor", "administrator"))
    served.wait_for_places()
    seen, cursor = [], None
    while True:
        params = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = auditor.get("/api/v1/ledger/entries", params=params).json()
        seen += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    indexes = [item["index"] for item in seen]
    assert indexes == list(range(len(indexes)))[::-1]
    for item in seen:
        assert leaf_hash(canonical_json(item["entry"], "entry")).hex() == item["leaf_hash"]
    opened = next(item for item in seen if item["entry"]["action"] == "case.opened")
    assert opened["openings"] == {"number": scene.case.number, "title": "占道经营"}
    assert scene.case.number not in str(opened["entry"])
    assert opened["names"][str(scene.case.id)] == scene.case.number
    (same,) = administrator.get("/api/v1/ledger/entries", params={"action": "case.opened"}).json()["items"]
    assert same["openings"] == {}
    assert auditor.get("/api/v1/ledger/entries", params={"cursor": "nonsense"}).status_code == 422


def test_an_auditor_verifies_the_archive_now_and_sees_what_was_altered(served: Any, scene: Any) -> None:
    auditor = served.signed_in(scene.unit, "auditor")
    served.wait_for_places()
    assert scene.supervisor.post("/api/v1/ledger/verify", json={}).status_code == 403
    answer = auditor.post("/api/v1/ledger/verify", json={"sample": None}).json()
    assert answer["holds"], answer["report"]
    assert answer["report"]["counts"]["recordings"] == 1
    path = served.archive.store.root / scene.recording.object_name
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)
    answer = auditor.post("/api/v1/ledger/verify", json={"sample": None}).json()
    assert not answer["holds"]
    assert str(scene.recording.id) in str(answer["report"]["findings"])
    assert [entry.data["holds"] for entry in served.entries("archive.verified")] == [True, False]


def test_what_verification_finds_is_of_every_unit_and_so_for_the_topmost_one_s_auditor(served: Any) -> None:
    bureau = served.unit("江城区城市管理局")
    top, below = (served.signed_in(unit, "auditor") for unit in (bureau, served.unit("江城大队", bureau)))
    served.wait_for_places()
    assert below.post("/api/v1/ledger/verify", json={"sample": 0}).status_code == 403
    assert served.entries("archive.verified") == []
    assert 'data-action="/api/v1/ledger/verify"' not in below.get("/audit").text
    assert 'data-action="/api/v1/ledger/verify"' in top.get("/audit").text
    assert top.post("/api/v1/ledger/verify", json={"sample": 0}).json()["holds"]
