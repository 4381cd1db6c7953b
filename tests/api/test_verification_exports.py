"""Packages against the ledger: whose copy it was, under which grant, and what came of it, is not rewritten unseen."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import psycopg

from api.verification import verify_archive
from casework.export import finish_export, start_export
from integrity.digest import Digest
from storage.catalog.organisation import Person

REWRITTEN = (
    "UPDATE export SET person_id = gen_random_uuid(), grant_id = gen_random_uuid(), case_id = gen_random_uuid(),"
    " statement_sha256 = sha256('x'), started_at = started_at - interval '1 day', finished_at = NULL"
)


def test_what_is_rewritten_of_a_package_is_named(sealing: Any, server: Any, addresses: Any) -> None:
    grant = sealing.grant("copy")
    with sealing.archive.database.transaction() as session:
        person = session.get_one(Person, grant.person_id)
        export = start_export(session, person, sealing.case.id, grant.id, datetime.now(UTC))
        finish_export(session, person, export.id, Digest("sha256", bytes(32)))
    sealing.settle()
    assert verify_archive(sealing.archive, 0).findings == ()
    url = server.superuser_of(addresses)
    with psycopg.connect(url, autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute(REWRITTEN.encode())
    found = verify_archive(sealing.archive, 0).findings
    assert {each.subject.split()[0] for each in found} == {"export"}
    assert {each.subject.rpartition(": ")[2] for each in found} == {
        "person_id",
        "grant_id",
        "case_id",
        "statement_sha256",
        "started_at",
        "finished",
    }
