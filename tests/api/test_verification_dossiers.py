"""Dossiers against the ledger: whatever was changed of what was said is named."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from casework.dossiers.making import Asked, check_dossier, make_dossier
from casework.publication.duties import name_to_duty
from casework.publication.publicity import load_shipped_publicity
from tests.api.tampering import as_superuser, found_in, put_back, set_aside
from tests.casework.sample_archive import OPERATOR

TAMPERED = (
    ("UPDATE dossier SET content = 'x', sha256 = sha256('x')", "sha256"),
    ("UPDATE dossier SET question = '没有人问'", "question"),
    ("UPDATE dossier SET reason = '别的'", "reason"),
    ("UPDATE dossier SET contact_way = '无'", "contact_way"),
    ("UPDATE dossier SET contact_id = (SELECT id FROM person WHERE name = 'legal')", "contact_id"),
    ("UPDATE dossier SET made_by = (SELECT id FROM person WHERE name = 'other')", "made_by"),
    ("UPDATE dossier SET ordinal = 2", "ordinal"),
    ("UPDATE dossier SET checked_by = (SELECT id FROM person WHERE name = 'other')", "checked_by"),
    ("UPDATE dossier SET checked_by = NULL, checked_at = NULL", "checked"),
    ("DELETE FROM dossier", "logged_row_missing"),
)


@pytest.fixture
def kept(sealing: Any) -> Any:
    people, now = sealing.people, datetime.now(UTC)
    with sealing.archive.database.transaction() as session:
        load_shipped_publicity(session, now)
        asked = Asked("为什么？", "来函", people["supervisor"].id, "023-6700 0000")
        dossier = make_dossier(session, people["supervisor"], sealing.case.id, asked, now)
        name_to_duty(session, OPERATOR, people["legal"].id, "review")
        check_dossier(session, people["legal"], dossier.id, now)
    sealing.settle()
    return sealing


@pytest.fixture
def superuser(server: Any, addresses: Any) -> Iterator[psycopg.Connection[Any]]:
    """Who can do everything: guards off."""
    with as_superuser(server, addresses, autocommit=False) as connection:
        yield connection


def test_whatever_is_changed_of_a_dossier_is_named(kept: Any, superuser: psycopg.Connection[Any]) -> None:
    assert found_in(kept) == set()
    set_aside(superuser, "dossier")
    for statement, named in TAMPERED:
        superuser.execute(statement.encode())
        superuser.commit()
        found = found_in(kept)
        assert any(named in (code, subject.rpartition(": ")[2]) for code, subject in found), (statement, found)
        put_back(superuser, "dossier")
        superuser.commit()
    assert found_in(kept) == set()
