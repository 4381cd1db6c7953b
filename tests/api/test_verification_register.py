"""The register against the ledger: whoever holds the database cannot rewrite unseen who had which device when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from api.verification import verify_archive
from casework.register.certificates import add_certificate, void_certificate
from casework.register.devices import add_device, describe_device, retire_device
from casework.register.issues import issue_device, return_device, void_issue
from storage.ledger.append import Actor
from tests.api.tampering import as_superuser, found_in_rows, put_back, saved, set_aside

OPERATOR = Actor.system("admin")
# What is done together, and the facts that then differ; or the code of what is found of each table.
REWRITTEN = (
    (
        "UPDATE device SET code = code || '9', serial = NULL, retired_at = NULL",
        "UPDATE device_issue SET person_id = gen_random_uuid(), device_id = gen_random_uuid(), voided_at = NULL,"
        " span = tstzrange(lower(span) - interval '1 second', NULL)",
        "UPDATE officer_certificate SET number = '9', valid = daterange(lower(valid) - 1, '2100-01-01'),"
        " person_id = gen_random_uuid(), voided_at = NULL, jurisdiction_id = gen_random_uuid()",
    ),
    {
        "device": {"code", "serial", "retired"},
        "device_issue": {"person_id", "device_id", "issued_from", "returned_at", "voided"},
        "officer_certificate": {"number", "valid_from", "last_day", "person_id", "voided", "jurisdiction_id"},
    },
)
WITHDRAWN = (
    (
        "UPDATE device_issue SET voided_at = now()",
        "UPDATE ledger_opening SET value = 'AB00009' WHERE name = 'code' AND value = 'AB00001'",
    ),
    {"code": {"code"}, "device": {"code"}, "device_issue": {"voided"}},
)
MOVED = (
    (
        "UPDATE device SET created_at = created_at - interval '61 minutes', retired_at = retired_at - interval '1 day'",
        "UPDATE device_issue SET created_at = created_at + interval '1 day', voided_at = voided_at + interval '1 day'",
        "UPDATE officer_certificate SET created_at = created_at - interval '1 day',"
        " voided_at = voided_at - interval '1 day'",
    ),
    {
        "device": {"created_at", "retired"},
        "device_issue": {"created_at", "voided"},
        "officer_certificate": {"created_at", "voided"},
    },
)
TABLES = ("device", "device_issue", "officer_certificate", "ledger_opening")


@pytest.fixture
def kept(sealing: Any) -> Any:
    """A register in which everything was done that can be done."""
    now, officer = datetime.now(UTC), sealing.people["officer"]
    with sealing.archive.database.transaction() as session:
        first, second = (
            add_device(session, OPERATOR, unit_id=sealing.unit.id, code=code, serial="SN")
            for code in ("AB00001", "AB00002")
        )
        describe_device(session, OPERATOR, second.id, serial="SN2", name="二号机")
        for device in (first, second):
            issue = issue_device(session, OPERATOR, device.id, officer.id, now=now, issued_at=now - timedelta(days=1))
            return_device(session, OPERATOR, issue.id, now=now)
        issue_device(session, OPERATOR, first.id, officer.id, now=now)
        wrong = issue_device(session, OPERATOR, second.id, officer.id, now=now)
        void_issue(session, OPERATOR, wrong.id, "录错", now)
        retire_device(session, OPERATOR, second.id, "报废", now)
        for number in ("1", "2"):
            row = add_certificate(
                session, OPERATOR, officer.id, number=number, valid_from=date(2026, 1, 1), last_day=date(2027, 12, 31)
            )
        void_certificate(session, OPERATOR, row.id, "录错", now)
    sealing.settle()
    return sealing


DROPPED = (
    ("device_issue", "ex_device_issue_one_officer"),
    ("officer_certificate", "ex_officer_certificate_one_person"),
)


@pytest.fixture
def superuser(server: Any, addresses: Any) -> Iterator[psycopg.Connection[Any]]:
    """Who can do everything: guards off, keys between tables off, and constraints gone."""
    with as_superuser(server, addresses, *DROPPED, autocommit=False) as connection:
        yield connection


def test_a_register_kept_by_the_rules_is_sound(kept: Any) -> None:
    report = verify_archive(kept.archive, 0)
    assert report.findings == ()
    # The unit, people, the case with its stage, the station, devices, issues, certificates.
    assert report.counts["rows"] == 1 + len(kept.people) + 2 + 1 + 2 + 4 + 2


@contextmanager
def changed(superuser: psycopg.Connection[Any], statements: Iterable[str]) -> Iterator[None]:
    for table in TABLES:
        set_aside(superuser, table)
    for statement in statements:
        superuser.execute(statement)
    superuser.commit()
    yield
    for table in TABLES:
        put_back(superuser, table)
        superuser.execute(f"DROP TABLE {saved(table)}")
    superuser.commit()


def test_whatever_is_rewritten_past_the_ledger_is_found_and_named(
    kept: Any, superuser: psycopg.Connection[Any]
) -> None:
    for statements, expected in (REWRITTEN, WITHDRAWN, MOVED):
        with changed(superuser, statements):
            found = found_in_rows(kept.archive)
        facts: dict[str, set[str]] = {}
        for each in found:
            assert each.code in ("row_differs", "opening_differs"), each
            about, *_ = each.subject.split()
            facts.setdefault(about, set()).add(about if about == "code" else each.subject.rpartition(": ")[2])
        assert facts == expected
    for table in TABLES[:3]:
        with changed(superuser, [f"UPDATE {table} SET id = gen_random_uuid()"]):
            codes = {each.code for each in found_in_rows(kept.archive)}
        assert codes == {"row_unaccounted", "logged_row_missing"}, table
    # Nothing destroys what opens a commitment: whoever does has no row to show for it any more.
    with changed(superuser, ["DELETE FROM ledger_opening WHERE name IN ('code', 'number')"]):
        found = found_in_rows(kept.archive)
    assert {(each.code, each.subject.split()[0]) for each in found} == {
        ("opening_missing", "code"),
        ("opening_missing", "number"),
        ("row_unproven", "unit"),
        ("row_unproven", "case"),
        ("row_unproven", "device"),
        ("row_unproven", "officer_certificate"),
    }
