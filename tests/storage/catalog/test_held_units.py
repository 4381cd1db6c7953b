"""Whose unit a row is of, the database holds, whoever writes it; or held_units.py says why there is nothing to hold."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg import sql

from api.engines.roles import DatabaseAddresses
from storage.catalog.held_units import HELD_BY_NOTHING, HELD_BY_TRIGGER, MAY_BE_WRITTEN

_OF_UNITS = """
    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'unit_id'
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND NOT a.attisdropped
"""
# A key of which the unit is a part, to a unit that is a part of a key.
_BY_KEY = """
    SELECT c.relname, f.relname
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class f ON f.oid = k.confrelid
    JOIN LATERAL unnest(k.conkey, k.confkey) AS part (own, its) ON true
    JOIN pg_attribute own ON own.attrelid = k.conrelid AND own.attnum = part.own AND own.attname = 'unit_id'
    JOIN pg_attribute its ON its.attrelid = k.confrelid AND its.attnum = part.its AND its.attname = 'unit_id'
    WHERE k.contype = 'f' AND k.convalidated AND cardinality(k.conkey) > 1
"""
# tgtype: for each row (1), at an INSERT (4).
_BY_TRIGGER = """
    SELECT c.relname, p.proname, p.prosrc FROM pg_trigger t
    JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE NOT t.tgisinternal AND t.tgenabled = 'O' AND t.tgtype & 5 = 5
"""
_WRITTEN = """
    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'unit_id'
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
        AND has_column_privilege('liuhen_worker', c.oid, a.attnum, 'UPDATE')
"""


@pytest.fixture
def owner(addresses: DatabaseAddresses) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(addresses.owner) as connection:
        yield connection


def test_of_every_table_with_a_unit_it_is_known_how_that_is_held(owner: psycopg.Connection[Any]) -> None:
    tables = {name for (name,) in owner.execute(_OF_UNITS)}
    by_key = {name for name, _ in owner.execute(_BY_KEY)}
    known = [*by_key, *HELD_BY_TRIGGER, *HELD_BY_NOTHING]
    assert sorted(known) == sorted(tables), sorted(tables.symmetric_difference(known))
    assert all(HELD_BY_NOTHING.values())


def test_what_holds_by_a_trigger_asks_for_the_rows_unit(owner: psycopg.Connection[Any]) -> None:
    asking = {(table, name) for table, name, body in owner.execute(_BY_TRIGGER) if "NEW.unit_id" in body}
    assert set(HELD_BY_TRIGGER.items()) <= asking, sorted(set(HELD_BY_TRIGGER.items()) - asking)
    assert {("case_link", "require_unit_of_case"), ("hold", "require_unit_of_recording")} <= asking


def test_a_unit_that_stands_in_a_row_is_changed_by_a_merge_alone(owner: psycopg.Connection[Any]) -> None:
    assert {name for (name,) in owner.execute(_WRITTEN)} == set(MAY_BE_WRITTEN)
    assert all(MAY_BE_WRITTEN.values())


@dataclass(frozen=True)
class Units:
    """Two units with a case and a recording each, of nobody's making but the test's; and the worker, who sees all."""

    own: dict[str, uuid.UUID]
    other: dict[str, uuid.UUID]
    worker: psycopg.Connection[Any]

    def insert(self, table: str, **values: Any) -> None:
        columns = {"id": uuid.uuid4(), **values} if table not in _WITHOUT_ID else values
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join(sql.Placeholder() * len(columns)),
        )
        with self.worker.transaction():
            self.worker.execute(statement, list(columns.values()))


_WITHOUT_ID = {"disposal_due", "linking_done", "judgement_due", "recording_set_aside", "sidecar_look"}
_MADE = """
    INSERT INTO unit (id, name, code) VALUES (%(unit)s, %(code)s, %(code)s);
    INSERT INTO person (id, unit_id, name, sign_in_name, role, active)
        VALUES (%(person)s, %(unit)s, 'a', %(code)s, 'supervisor', TRUE);
    INSERT INTO station (id, unit_id, name, token_hash)
        VALUES (%(station)s, %(unit)s, %(code)s, sha256(%(code)s::bytea));
    INSERT INTO "case" (id, unit_id, number, title, kind, procedure, stage, opened_by)
        VALUES (%(case)s, %(unit)s, '1', 'a', 'penalty', 'ordinary_penalty', 'initiation', %(person)s);
    INSERT INTO recording (id, unit_id, station_id, original_name, size_bytes, sha256, sm3, chunk_root, object_name,
            object_version, ciphertext_size_bytes, ciphertext_sha256, kek_id, wrapped_data_key, media_state, findings,
            claims, received_at, sealed_at, manifest, manifest_sha256, token, token_time, sealed_entry_id,
            retention_class, retain_until)
        VALUES (%(recording)s, %(unit)s, %(station)s, 'a', 1, sha256(%(code)s::bytea), '', '', %(code)s, '', 1, '', '',
            '', 'intact', '{}', '[]', now(), now(), '', '', '', now(), %(entry)s, 'general', '2030-01-01');
    INSERT INTO adviser (id, unit_id, kind, name, office, added_by, added_at)
        VALUES (%(adviser)s, %(unit)s, 'expert', 'a', 'a', %(person)s, now())
"""


@pytest.fixture
def units(addresses: DatabaseAddresses, server: Any) -> Iterator[Units]:
    names = ("unit", "person", "station", "case", "recording", "entry", "adviser")
    made = [{name: uuid.uuid4() for name in names} for _ in range(2)]
    with psycopg.connect(server.superuser_of(addresses), cursor_factory=psycopg.ClientCursor) as superuser:
        superuser.execute("SET session_replication_role = replica")
        for code, ids in zip("ab", made, strict=True):
            superuser.execute(_MADE, {**ids, "code": code})
    with psycopg.connect(addresses.worker, autocommit=True) as worker:
        yield Units(made[0], made[1], worker)


def of_a_recording(ids: dict[str, uuid.UUID]) -> dict[str, dict[str, Any]]:
    recording = {"recording_id": ids["recording"]}
    return {
        "case_link": {**recording, "case_id": ids["case"], "stage": "initiation", "made_by": "window", "reason": "a"},
        "hold": {**recording, "reason": "a", "placed_by": ids["person"]},
        "link_question": {**recording, "candidates": "[]"},
        "linking_done": {**recording, "outcome": "no_case"},
        "judgement_due": recording,
        "disposal_due": {**recording, "due_since": "2030-01-02"},
        "sidecar_look": {**recording, "looked_at": "2026-01-01"},
        "recording_set_aside": {**recording, "step": "linking", "failures": 1, "error": "a", "due_at": "2026-01-01"},
    }


def of_a_case(ids: dict[str, uuid.UUID]) -> dict[str, dict[str, Any]]:
    case = {"case_id": ids["case"]}
    return {
        "hold": {**case, "reason": "a", "placed_by": ids["person"]},
        "access_request": {**case, "person_id": ids["person"], "kind": "view", "purpose": "a", "state": "pending"},
        "adviser_conflict": {
            **case,
            "adviser_id": ids["adviser"],
            "reason": "a",
            "stated_by": ids["person"],
            "stated_at": "2026-01-01",
        },
    }


REFUSED = (psycopg.errors.ForeignKeyViolation, psycopg.errors.CheckViolation)


@pytest.mark.parametrize("rows", [of_a_recording, of_a_case])
def test_no_row_is_placed_in_another_unit_than_what_it_belongs_to(units: Units, rows: Any) -> None:
    for table, values in rows(units.own).items():
        with pytest.raises(REFUSED):
            units.insert(table, unit_id=units.other["unit"], **values)
        units.insert(table, unit_id=units.own["unit"], **values)


def test_no_recording_is_put_into_a_case_of_another_unit(units: Units) -> None:
    link = {"stage": "initiation", "made_by": "window", "reason": "a", "case_id": units.other["case"]}
    for unit in (units.own, units.other):
        with pytest.raises(REFUSED):
            units.insert("case_link", unit_id=unit["unit"], recording_id=units.own["recording"], **link)


def test_of_units_that_were_merged_a_recording_is_put_into_a_case_of_the_successor_and_held_by_him(
    units: Units, addresses: DatabaseAddresses, server: Any
) -> None:
    with psycopg.connect(server.superuser_of(addresses)) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute(
            "UPDATE unit SET ended_on = current_date, ended_at = now(), end_ground = 'a', ended_into = %(into)s,"
            " parent_id = %(into)s WHERE id = %(unit)s",
            {"unit": units.own["unit"], "into": units.other["unit"]},
        )
    recording, case = {"recording_id": units.own["recording"]}, {"case_id": units.other["case"]}
    link = {**recording, **case, "stage": "initiation", "made_by": "person", "reason": "a"}
    hold = {"reason": "a", "placed_by": units.other["person"]}
    with pytest.raises(REFUSED):
        units.insert("case_link", unit_id=units.other["unit"], **link)
    units.insert("case_link", unit_id=units.own["unit"], **link)
    units.insert("hold", unit_id=units.other["unit"], **recording, **hold)
    units.insert("hold", unit_id=units.own["unit"], **case, **hold)


def test_a_judgement_is_not_moved_to_another_unit(units: Units) -> None:
    judged = {"day": "2026-01-01", "policies": "[]", "elements": "{}", "judged_at": "2026-01-01"}
    with units.worker.transaction():
        units.worker.execute(
            "INSERT INTO recording_judgement (recording_id, unit_id, day, policies, elements, judged_at)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            [units.own["recording"], units.own["unit"], *judged.values()],
        )
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        units.worker.execute("UPDATE recording_judgement SET unit_id = %s", [units.other["unit"]])
