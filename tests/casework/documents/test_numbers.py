"""Numbers have no gaps, whoever draws them at once, whatever fails, and whoever writes the rows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import psycopg
import pytest

from api.engines.roles import DatabaseAddresses
from casework.documents.drafts import withdraw_document
from casework.documents.finalising import finalise_document
from storage.catalog.documents import DocumentNumber
from storage.database import Database
from tests.casework.documents.conftest import NOTICE, Office, now
from tests.casework.sample_archive import REVIEW_KEYS


def numbers(office: Office) -> list[tuple[str, int]]:
    rows = office.session.query(DocumentNumber).filter_by(unit_id=office.bureau.id)
    return [(row.written, row.number) for row in rows.order_by(DocumentNumber.word, DocumentNumber.number)]


def test_each_word_counts_for_itself_and_a_withdrawn_document_keeps_its_number(office: Office) -> None:
    first = office.finish("correction_notice", NOTICE)
    withdraw_document(office.session, office.supervisor, first.document_id, "送达前发现错误")
    office.finish("correction_notice", NOTICE)
    hearing = {**NOTICE, "proposed": "罚款", "address": "江北区"}
    for name in ("demand", "until"):
        del hearing[name]
    office.finish("hearing_rights_notice", hearing)
    year = now().year
    found = numbers(office)
    assert [number for _, number in found] in ([1, 1, 2], [1, 2, 1])
    assert {text.split("字")[1] for text, _ in found} == {f"〔{year}〕第1号", f"〔{year}〕第2号"}
    entry = office.archive.entries("document.numbered")[0]
    assert (entry.data["year"], entry.data["number"]) == (year, 1)


def test_a_brigade_draws_its_bureaus_numbers(office: Office) -> None:
    office.finish("correction_notice", NOTICE)
    (row,) = office.session.query(DocumentNumber).filter_by(unit_id=office.bureau.id)
    assert row.written.startswith("江综执")
    assert "责改字〔" in row.written


def test_of_many_at_once_none_gets_anothers_number_and_none_is_left_out(
    database: Database, office_in: Any, archive_in: Any
) -> None:
    with database.transaction() as session:
        office = office_in(session, archive_in(session))
        drafts = [office.begin("correction_notice", NOTICE) for _ in range(8)]
        officer, ids = office.officer, [draft.document.id for draft in drafts]
        session.expunge_all()
    gate = Barrier(4)

    def finalise(document_id: Any) -> None:
        if document_id in ids[:4]:
            gate.wait(10)
        with database.transaction() as session:
            finalise_document(session, officer, document_id, now(), REVIEW_KEYS)
            if document_id == ids[2]:
                raise RuntimeError("the power fails before the commit")

    with ThreadPoolExecutor(4) as pool:
        outcomes = [pool.submit(finalise, each) for each in ids]
    assert sum(each.exception() is not None for each in outcomes) == 1
    with database.reading() as session:
        drawn = sorted(row.number for row in session.query(DocumentNumber))
    assert drawn == list(range(1, 8))


NUMBER = """
    INSERT INTO document_number (id, unit_id, document_id, word, year, number, drawn_by, drawn_at)
    SELECT gen_random_uuid(), n.unit_id, %(draft)s, {word}, {year}, {number}, n.drawn_by, {at} FROM document_number n
"""
FINAL = """
    INSERT INTO final_document SELECT gen_random_uuid(), f.unit_id, f.case_id, {document}, {text}, {number}, f.dated_on,
        f.pdf, f.sha256, f.size_bytes, f.rendered_with, f.finalised_by, {at} FROM final_document f
"""


def test_the_database_refuses_gaps_reuse_and_whatever_else_a_number_must_not_be(
    database: Database, office_in: Any, archive_in: Any, addresses: DatabaseAddresses
) -> None:
    with database.transaction() as session:
        office = office_in(session, archive_in(session))
        office.finish("correction_notice", NOTICE)
        draft = office.begin("correction_notice", NOTICE).document.id
    whole = {"word": "n.word", "year": "n.year", "number": "2", "at": "now()"}
    wrong = (
        {"number": "1"},
        {"number": "3"},
        {"number": "0"},
        {"year": "n.year + 1"},
        {"year": "n.year - 1", "number": "1"},
        {"at": "n.drawn_at - interval '2 days'"},
        {"word": "'江综执罚决'", "number": "1"},
        {},  # Right in itself, but no final document bears it when the transaction ends.
    )
    with psycopg.connect(addresses.worker, autocommit=True) as connection:
        for each in wrong:
            with pytest.raises((psycopg.errors.CheckViolation, psycopg.errors.UniqueViolation)):
                connection.execute(NUMBER.format(**{**whole, **each}), {"draft": draft})
        for statement in (
            "UPDATE document_number SET number = number + 1",
            "DELETE FROM document_number",
            "UPDATE final_document SET pdf = ''",
            "DELETE FROM final_document",
            "UPDATE document SET kind = 'inquiry_record'",
            "UPDATE document_text SET fields = '{}'",
            "UPDATE document_signature SET name = '某人'",
            "DELETE FROM document",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
        assert connection.execute("SELECT count(*), max(number) FROM document_number").fetchone() == (1, 1)
