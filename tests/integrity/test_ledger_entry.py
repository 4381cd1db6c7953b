from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrity.canonical import canonical_json
from integrity.errors import EntryTooLarge, EvidenceContradiction, MalformedEvidence
from integrity.ledger_entry import LedgerEntry, commit_value, new_salt, parse_entry, verify_commitment

ENTRY = LedgerEntry(
    id=UUID("8dabedab-2feb-4129-bd7f-8e8cc9c91b91"),
    occurred_at=datetime(2026, 1, 1, 1, 30, tzinfo=UTC),
    action="recording.sealed",
    actor_kind="station",
    actor_id="7382de7f-bc2a-4057-8cb6-cbbc12f05a6d",
    unit_id=UUID("891f3fbb-2635-45ca-b848-2884b799e07e"),
    subject_kind="recording",
    subject_id="38099321-9433-4bfd-a20f-db690c9431de",
    data={"manifest_sha256": "ab" * 32, "size_bytes": 5, "repeat": False, "spans": [[0, 4]], "grant": None},
)


def test_entry_is_laid_out_to_the_byte() -> None:
    assert ENTRY.to_bytes() == (
        b'{"action":"recording.sealed","actor":{"id":"7382de7f-bc2a-4057-8cb6-cbbc12f05a6d","kind":"station"},'
        b'"data":{"grant":null,"manifest_sha256":"' + b"ab" * 32 + b'","repeat":false,"size_bytes":5,"spans":[[0,4]]},'
        b'"id":"8dabedab-2feb-4129-bd7f-8e8cc9c91b91","occurred_at":"2026-01-01T01:30:00.000000Z",'
        b'"subject":{"id":"38099321-9433-4bfd-a20f-db690c9431de","kind":"recording"},'
        b'"unit_id":"891f3fbb-2635-45ca-b848-2884b799e07e","v":1}'
    )


def test_entry_is_read_as_it_was_written() -> None:
    assert parse_entry(ENTRY.to_bytes()) == ENTRY
    whole_archive = dataclasses.replace(ENTRY, unit_id=None, actor_id=None, actor_kind="archive", data={})
    assert parse_entry(whole_archive.to_bytes()) == whole_archive


@pytest.mark.parametrize(
    "change",
    [
        {"data": {"purpose": "调查取证"}},
        {"data": {"purpose": "looking into it"}},
        {"data": {"people": ["王 伟"]}},
        {"data": {"inner": {"deep": ["line\nbreak"]}}},
        {"data": {"inner": {"two words": 1}}},
        {"data": {"long": "x" * 513}},
    ],
)
def test_free_text_is_refused_with_the_way_out(change: dict[str, Any]) -> None:
    with pytest.raises(MalformedEvidence, match="use commit_value"):
        dataclasses.replace(ENTRY, **change).to_bytes()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"action": "Recording sealed"}, "action"),
        ({"action": ""}, "action"),
        ({"action": "recording."}, "action"),
        ({"actor_kind": "a person"}, "actor kind"),
        ({"actor_id": "王伟"}, "actor id"),
        ({"actor_id": ""}, "actor id"),
        ({"subject_kind": "Recording"}, "subject kind"),
        ({"subject_id": "case 12/2026"}, "subject id"),
        ({"subject_id": "x" * 129}, "subject id"),
        ({"subject_id": UUID(int=1)}, "subject id"),
        ({"id": "8dabedab-2feb-4129-bd7f-8e8cc9c91b91"}, "id and unit_id"),
        ({"unit_id": "none"}, "id and unit_id"),
        ({"data": {"Purpose": 1}}, "data name"),
        ({"data": {"purpose": float("nan")}}, "no canonical form"),
        ({"data": []}, "data: not an object"),
    ],
)
def test_what_has_no_place_in_an_entry_is_refused(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(MalformedEvidence, match=reason):
        dataclasses.replace(ENTRY, **change).to_bytes()


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("v", 2, "v: 2 is unknown"),
        ("v", True, "v: True is unknown"),
        ("id", "8DABEDAB-2FEB-4129-BD7F-8E8CC9C91B91", "id"),
        ("occurred_at", "2026-01-01", "occurred_at"),
        ("actor", "station", "not a JSON object"),
        ("unit_id", 5, "unit_id"),
        ("unit_id", "none", "unit_id"),
        ("subject", {"kind": "recording"}, "'id' is missing"),
        ("index", 5, "unknown member 'index'"),
    ],
)
def test_entry_in_another_form_is_refused(name: str, value: object, reason: str) -> None:
    form = json.loads(ENTRY.to_bytes())
    form[name] = value
    with pytest.raises(MalformedEvidence, match=reason):
        parse_entry(canonical_json(form))


def test_second_spelling_repeated_key_and_trailing_bytes_are_refused() -> None:
    entry = ENTRY.to_bytes()
    for changed in (json.dumps(json.loads(entry)).encode(), entry + b"\n", entry.replace(b'"v":1', b'"v":1,"v":1')):
        with pytest.raises(MalformedEvidence):
            parse_entry(changed)


def test_largest_entry_fits_and_one_byte_more_is_sent_to_an_attachment() -> None:
    room = 65_535 - len(dataclasses.replace(ENTRY, data={"list": []}).to_bytes())
    items = [0] * (room // 2) + ([] if room % 2 else [0])
    largest = dataclasses.replace(ENTRY, data={"list": items})
    while len(canonical_json(largest._form())) > 65_535:
        items.pop()
    digits = 65_535 - len(canonical_json(largest._form()))
    items[-1] = int("1" * (digits + 1))
    assert len(largest.to_bytes()) == 65_535
    items[-1] = items[-1] * 10
    with pytest.raises(EntryTooLarge, match="attachment"):
        largest.to_bytes()


def test_commitment_is_an_hmac_under_its_salt() -> None:
    salt = bytes(range(32))
    expected = hmac.new(salt, "王伟".encode(), hashlib.sha256).hexdigest()
    assert commit_value(salt, "王伟") == expected
    assert expected not in (commit_value(new_salt(), "王伟"), commit_value(salt, "李伟"))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_commitment_opens_for_its_value_alone(value: str) -> None:
    salt = new_salt()
    commitment = commit_value(salt, value)
    verify_commitment(commitment, salt, value)
    for other_salt, other_value in ((salt, value + "x"), (new_salt(), value)):
        with pytest.raises(EvidenceContradiction, match="reason of request 5"):
            verify_commitment(commitment, other_salt, other_value, "reason of request 5")


def test_commitment_fits_into_an_entry() -> None:
    entry = dataclasses.replace(ENTRY, data={"purpose": commit_value(new_salt(), "调查取证")})
    assert parse_entry(entry.to_bytes()) == entry


def test_salt_too_short_to_hide_anything_is_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        commit_value(b"short", "王伟")
    assert len(new_salt()) == 32
    assert new_salt() != new_salt()
