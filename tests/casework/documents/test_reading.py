"""Who reads a document: an hour is one entry; whoever is not at work on the case says why first (S20)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from casework.archiving.secrecy import state_secrecy
from casework.closing import close_case
from casework.documents.reading import READING, REASON_HOLDS, is_at_work, read_document, read_for_a_reason, who_read
from casework.errors import AccessRefused, TextUnusable
from casework.handling import name_officer, release_officer
from casework.timeline import case_timeline
from retention.errors import OutsideUnit
from storage.catalog.ledger import LedgerEntryRow
from tests.casework.documents.conftest import INQUIRY, Office, now


def entries(office: Office) -> list[Any]:
    return list(office.session.scalars(select(LedgerEntryRow).where(LedgerEntryRow.action == "document.read")))


def test_an_hour_of_one_person_with_one_document_is_one_entry(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = office.begin().document, office.begin(fields={**INQUIRY, "person": "王五"}).document
    begun = now() - timedelta(minutes=1)
    reading = read_document(office.session, office.officer, first.id, begun)
    assert read_document(office.session, office.officer, first.id, begun + READING / 2).id == reading.id
    read_document(office.session, office.second, first.id, begun)
    read_document(office.session, office.officer, second.id, begun)
    assert len(entries(office)) == 3
    assert [each.reason for each in who_read(office.session, first.id).items] == [None, None]
    monkeypatch.setattr("casework.documents.reading.READING", timedelta(0))
    assert read_document(office.session, office.officer, first.id, now()).id != reading.id
    assert len(entries(office)) == 4


def test_whoever_is_not_at_work_says_why_once_for_the_case(office: Office) -> None:
    first, second = office.begin().document, office.begin(fields={**INQUIRY, "person": "王五"}).document
    auditor = office.archive.person(office.unit, "auditor")
    with pytest.raises(AccessRefused, match="say first why"):
        read_document(office.session, auditor, first.id, now())
    assert entries(office) == []
    with pytest.raises(TextUnusable):
        read_for_a_reason(office.session, auditor, first.id, "  ", now())
    said = read_for_a_reason(office.session, auditor, first.id, "案卷评查", now())
    assert read_document(office.session, auditor, first.id, now()).id == said.id
    assert read_document(office.session, auditor, second.id, now()).because_id == said.id
    assert [(each.person_id, each.reason) for each in who_read(office.session, second.id).items] == [
        (auditor.id, "案卷评查")
    ]
    assert len(entries(office)) == 2
    kinds = [
        (item.kind, item.person_id) for item in case_timeline(office.session, office.officer, office.case.id).items
    ]
    assert kinds.count(("document_read", auditor.id)) == 2
    # What he said holds for eight hours, and in no other case.
    with pytest.raises(AccessRefused):
        read_document(office.session, auditor, second.id, now() + REASON_HOLDS + timedelta(minutes=1))
    another = office.archive.person(office.unit, "auditor")
    with pytest.raises(AccessRefused):
        read_document(office.session, another, second.id, now())


def test_who_is_at_work_on_a_case(office: Office) -> None:
    document = office.begin().document
    people = {role: office.archive.person(office.unit, role) for role in ("officer", "supervisor", "legal_reviewer")}
    assert {name for name, each in people.items() if is_at_work(office.session, each, document)} == {"supervisor"}
    assert is_at_work(office.session, office.second, document)
    row = name_officer(office.session, office.supervisor, office.case.id, people["officer"].id)
    assert is_at_work(office.session, people["officer"], document)
    release_officer(office.session, office.supervisor, row.id, "调离")
    assert not is_at_work(office.session, people["officer"], document)


def test_of_a_closed_case_a_supervisor_says_why(office: Office) -> None:
    document, supervisor = office.begin().document, office.archive.person(office.unit, "supervisor")
    assert is_at_work(office.session, supervisor, document)
    close_case(office.session, office.supervisor, office.case.id, "不予立案")
    with pytest.raises(AccessRefused, match="say first why"):
        read_document(office.session, supervisor, document.id, now())
    assert read_document(office.session, office.officer, document.id, now()).reason is None


def test_no_reason_opens_what_a_class_or_another_unit_keeps(office: Office) -> None:
    document = office.begin().document
    state_secrecy(office.session, office.officer, office.case.id, "business_secret", licensed=False)
    auditor, stranger = (office.archive.person(unit, "auditor") for unit in (office.unit, office.archive.unit()))
    with pytest.raises(AccessRefused, match="class of secrecy"):
        read_for_a_reason(office.session, auditor, document.id, "核对", now())
    with pytest.raises(OutsideUnit):
        read_for_a_reason(office.session, stranger, document.id, "核对", now())
    assert entries(office) == []
