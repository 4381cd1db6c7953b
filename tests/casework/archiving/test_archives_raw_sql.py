"""What the database refuses of archives, whoever writes the SQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from sqlalchemy.orm import Session

from api.engines.roles import DatabaseAddresses
from casework.archiving.archives import archive_case
from casework.archiving.secrecy import state_secrecy
from casework.closing import close_case
from storage.database import Database
from storage.keystore import KeyStore
from tests.casework.archiving.conftest import ORDINARY, go_through
from tests.casework.procedure.conftest import Team

RAW = (
    ("UPDATE \"case\" SET title = 'x' WHERE id = %(case)s", psycopg.errors.CheckViolation),
    ("UPDATE case_link SET ended_at = now(), ended_by = %(by)s, end_reason = 'x'", psycopg.errors.CheckViolation),
    (
        "INSERT INTO case_link (id, unit_id, case_id, recording_id, stage, made_by, reason)"
        " VALUES (gen_random_uuid(), %(unit)s, %(case)s, %(late)s, 'decision', 'window', 'x')",
        psycopg.errors.CheckViolation,
    ),
    (
        "INSERT INTO case_assignment (id, unit_id, case_id, device, stage, span)"
        " VALUES (gen_random_uuid(), %(unit)s, %(case)s, 'A', 'decision', tstzrange(now(), now() + interval '1 h'))",
        psycopg.errors.CheckViolation,
    ),
    ("UPDATE case_archive SET retention_class = 'general'", psycopg.errors.InsufficientPrivilege),
    ("DELETE FROM case_archive", psycopg.errors.InsufficientPrivilege),
    ("UPDATE case_catalogue SET content = ''", psycopg.errors.InsufficientPrivilege),
    ("DELETE FROM case_catalogue", psycopg.errors.InsufficientPrivilege),
    ("UPDATE case_secrecy SET secrecy_class = 'ordinary'", psycopg.errors.InsufficientPrivilege),
    ("DELETE FROM case_secrecy", psycopg.errors.InsufficientPrivilege),
    ("UPDATE retention_class SET keep_months = 1", psycopg.errors.InsufficientPrivilege),
    # In which transaction a catalogue was made nobody may state.
    ("UPDATE case_catalogue SET transaction_id = pg_current_xact_id()", psycopg.errors.InsufficientPrivilege),
    (
        "INSERT INTO case_catalogue (id, unit_id, case_id, version, content, sha256, reason, made_by, made_at,"
        " transaction_id) VALUES (gen_random_uuid(), %(unit)s, %(case)s, 2, '', sha256(''), 'x', %(by)s, now(), '9')",
        psycopg.errors.InsufficientPrivilege,
    ),
    (
        "INSERT INTO case_catalogue (id, unit_id, case_id, version, content, sha256, reason, made_by, made_at)"
        " VALUES (gen_random_uuid(), %(unit)s, %(case)s, 2, 'x', sha256('y'), 'x', %(by)s, now())",
        psycopg.errors.CheckViolation,
    ),
    (
        "INSERT INTO case_catalogue (id, unit_id, case_id, version, content, sha256, reason, made_by, made_at)"
        " VALUES (gen_random_uuid(), %(unit)s, %(case)s, 2, 'x', sha256('x'), 'x', %(officer)s, now())",
        psycopg.errors.CheckViolation,
    ),
)


def test_raw_sql_changes_nothing_that_is_archived(
    database: Database,
    addresses: DatabaseAddresses,
    archive_in: Any,
    closed_in: Callable[[Session, Any], Team],
    recorded: Any,
    keys: KeyStore,
) -> None:
    with database.transaction() as session:
        team = closed_in(session, archive_in(session))
        late = recorded(team)
        archive_case(session, team.supervisor, team.case.id, ORDINARY, keys)
    ids = {"case": team.case.id, "unit": team.unit.id, "late": late.id}
    ids |= {"by": team.supervisor.id, "officer": team.officer.id}
    with psycopg.connect(addresses.worker, autocommit=True) as connection:
        for statement, error in RAW:
            with pytest.raises(error):
                connection.execute(statement.encode(), ids)


ARCHIVE = (
    "INSERT INTO case_archive (id, unit_id, case_id, secrecy_class, retention_class, rules, archived_by, archived_at)"
    " VALUES (gen_random_uuid(), %(unit)s, %(case)s, %(secrecy_class)s, %(retention_class)s, '[]', %(by)s, now())"
)


def test_raw_sql_archives_nothing_that_is_not_ready(
    database: Database, addresses: DatabaseAddresses, archive_in: Any, closed_in: Callable[[Session, Any], Team]
) -> None:
    with database.transaction() as session:
        team = closed_in(session, archive_in(session))
        open_one = team.archive.case(team.officer)
        for case in (team.case, open_one):
            state_secrecy(session, team.officer, case.id, "ordinary", licensed=False)
    sound = {"unit": team.unit.id, "case": team.case.id, "by": team.supervisor.id}
    sound |= {"secrecy_class": "ordinary", "retention_class": "general"}
    for changed, says in (
        ({}, "is archived with its catalogue"),
        ({"case": open_one.id}, "is not closed"),
        ({"by": team.officer.id}, "a supervisor of its unit"),
        ({"secrecy_class": "privacy"}, "does not have the class"),
        ({"retention_class": "permanent"}, "kept for less long"),
    ):
        with (
            psycopg.connect(addresses.worker, autocommit=True) as connection,
            pytest.raises(psycopg.errors.CheckViolation, match=says),
        ):
            connection.execute(ARCHIVE.encode(), sound | changed)


def test_raw_sql_archives_no_case_with_an_empty_stage(
    database: Database, addresses: DatabaseAddresses, archive_in: Any, team_in: Any
) -> None:
    with database.transaction() as session:
        team = team_in(session, archive_in(session))
        go_through(team)
        close_case(session, team.supervisor, team.case.id)
        state_secrecy(session, team.officer, team.case.id, "ordinary", licensed=False)
    said = {"unit": team.unit.id, "case": team.case.id, "by": team.supervisor.id}
    said |= {"secrecy_class": "ordinary", "retention_class": "general"}
    with (
        psycopg.connect(addresses.worker, autocommit=True) as connection,
        pytest.raises(psycopg.errors.CheckViolation, match="a stage of case"),
    ):
        connection.execute(ARCHIVE.encode(), said)
