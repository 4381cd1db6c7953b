"""What the database refuses of redactions and copies, whoever writes the SQL."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from storage.database import Database
from tests.casework.retrieval.redaction.scene import FACE, Scene, finish


def test_raw_sql_neither_rewrites_nor_forges(database: Database, archive_in: Any) -> None:
    with database.transaction() as session:
        scene = Scene(session, archive_in(session))
        scene.settle(FACE)
        unchecked = scene.state(FACE, film=1)
        grant, view = scene.let_copy(), scene.let_view(scene.officer)
        (row,) = scene.ask(grant, scene.films[0])
        finish(session, row)
        values = {
            "unchecked": unchecked.id,
            "checked": row.redaction_id,
            "film": scene.films[0].id,
            "other": scene.films[1].id,
            "grant": grant.id,
            "view": view.id,
            "officer": scene.officer.id,
            "second": scene.second.id,
        }
    for statement in (
        "UPDATE redaction SET boxes = '[]'",
        "DELETE FROM redaction",
        "UPDATE redaction_check SET verdict = 'returned', reason = 'x'",
        "DELETE FROM redaction_check",
        "UPDATE redacted_copy SET mark = '[]'",
        "UPDATE redacted_copy SET redaction_id = :unchecked",
        "UPDATE redacted_copy SET sha256 = sha256('x')",
        "UPDATE redacted_copy SET state = 'due', sha256 = NULL",
        "UPDATE redacted_copy SET tool_version = '9'",
        "DELETE FROM redacted_copy",
        _CHECK.format(by=":officer"),
        _COPY.format(redaction=":unchecked", film=":other", grant=":grant", by=":officer", state="due"),
        _COPY.format(redaction=":checked", film=":other", grant=":grant", by=":officer", state="due"),
        _COPY.format(redaction=":checked", film=":film", grant=":view", by=":officer", state="due"),
        _COPY.format(redaction=":checked", film=":film", grant=":grant", by=":second", state="due"),
        _COPY.format(redaction=":checked", film=":film", grant=":grant", by=":officer", state="failed"),
    ):
        with pytest.raises(DBAPIError), database.transaction() as session:
            session.execute(text(statement), values)
    with database.transaction() as session:  # what goes wrong above is what is forged, and not the statement
        session.execute(text(_CHECK.format(by=":second")), values)
        good = _COPY.format(redaction=":unchecked", film=":other", grant=":grant", by=":officer", state="due")
        session.execute(text(good), values)


_CHECK = (
    "INSERT INTO redaction_check (id, unit_id, redaction_id, verdict, checked_by, checked_at)"
    " SELECT gen_random_uuid(), unit_id, id, 'passed', {by}, now() FROM redaction WHERE id = :unchecked"
)
_COPY = (
    "INSERT INTO redacted_copy (id, unit_id, case_id, recording_id, redaction_id, grant_id, mark, asked_by, asked_at,"
    " state, outcome) SELECT gen_random_uuid(), unit_id, case_id, {film}, {redaction}, {grant}, mark, {by}, asked_at,"
    " '{state}', 'x' FROM redacted_copy LIMIT 1"
)
