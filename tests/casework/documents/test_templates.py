"""Templates are the city's: versions from files, loaded at the machine, and no unit's to load or to change."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from api.engines.roles import DatabaseAddresses
from casework.documents.errors import TemplateMissing
from casework.documents.template_file import read_template
from casework.documents.templates import (
    SHIPPED,
    find_template,
    is_of_its_source,
    list_templates,
    load_shipped_templates,
    load_template,
)
from casework.errors import RoleNotAllowed
from casework.rules.errors import PolicyVersionTaken, RuleFileUnusable
from integrity.local_time import chinese_day
from tests.casework.documents.conftest import INQUIRY, OPERATOR, Office, now

SOURCE = (SHIPPED / "inquiry-record.yaml").read_text()


def later(source: str = SOURCE, version: int = 2, days: int = 1) -> bytes:
    begins = chinese_day(now()) + timedelta(days=days)
    text = source.replace("version: 1", f"version: {version}\nsupersedes: 1")
    return text.replace("valid_from: 2024-01-01", f"valid_from: {begins}").encode()


def test_the_shipped_ones_are_loaded_once_with_their_entries(office: Office) -> None:
    assert len(list_templates(office.session)) == 12
    assert load_shipped_templates(office.session, now()) == 0
    assert all(map(is_of_its_source, list_templates(office.session)))
    assert len(office.archive.entries("template.loaded")) >= 12


def test_a_later_version_rules_what_is_begun_later(office: Office) -> None:
    draft = office.begin()
    row = load_template(office.session, OPERATOR, later(), now())
    tomorrow = chinese_day(now()) + timedelta(days=1)
    assert find_template(office.session, "inquiry_record", tomorrow).id == row.id
    assert find_template(office.session, "inquiry_record", chinese_day(now())).version == 1
    assert office.begin().document.template_id == draft.document.template_id
    assert load_template(office.session, OPERATOR, later(), now()).id == row.id
    with pytest.raises(PolicyVersionTaken):
        load_template(office.session, OPERATOR, later(SOURCE.replace("问答", "问与答")), now())
    with pytest.raises(TemplateMissing):
        find_template(office.session, "inquiry_record", date(2020, 1, 1))


def test_no_signed_in_person_loads_one_whatever_his_role(office: Office) -> None:
    for unit in (office.bureau, office.unit):
        for role in ("administrator", "supervisor", "officer"):
            with pytest.raises(RoleNotAllowed):
                load_template(office.session, office.archive.person(unit, role), later(), now())


@pytest.mark.parametrize(
    ("old", "new", "line", "problem"),
    [
        ("kind: inquiry_record", "kind: inquiry", 7, "unknown"),
        ("kind: inquiry_record", "kind: inquiry_record\nunit: JB", 8, "unknown"),
        ("stages: [initiation, investigation]", "stages: [somewhere]", 8, "unknown"),
        (
            "type: moment, required: true, label: {zh: 询问开始时间",
            "type: time, required: true, label: {zh: 开始",
            17,
            "unknown",
        ),
        ("choices: [男, 女]", "law: [某法]", 22, "of_other_type"),
        ("signatures: {officer: 2, party: 1}", "signatures: {officer: 9}", 10, "too_many_signatures"),
        ("signatures: {officer: 2, party: 1}", "word: ABC", 10, "no_word"),
        ("case_number: {required: true}", "weather: {required: true}", 12, "unknown"),
        ("  person: {type: line", "  Person: {type: line", 20, "no_code"),
        ("#head(data)", '#head(data) #read("/etc/passwd")', 36, "reaches_out"),
        ("#head(data)", '#import "@preview/x:1.0.0": *', 36, "reaches_out"),
        ("#head(data)", "#heed(data)", 0, "not_rendered"),
    ],
)
def test_what_is_wrong_in_a_file_is_named_with_its_line_and_nothing_is_loaded(
    office: Office, old: str, new: str, line: int, problem: str
) -> None:
    assert SOURCE.count(old) == 1
    with pytest.raises(RuleFileUnusable) as refused:
        load_template(office.session, OPERATOR, later(SOURCE.replace(old, new)), now())
    assert refused.value.problem == problem
    # One line further down: a later version says which one it supersedes.
    assert refused.value.line in (line, line and line + 1)
    assert len(list_templates(office.session)) == 12


def test_another_series_may_not_rule_the_same_kind(office: Office) -> None:
    other = SOURCE.replace("CN-CQ-inquiry-record", "CN-local-inquiry").replace(
        "valid_from: 2024-01-01", "valid_from: 2030-01-01"
    )
    with pytest.raises(RuleFileUnusable) as refused:
        load_template(office.session, OPERATOR, other.encode(), now())
    assert refused.value.problem == "same_kind"


def test_the_database_refuses_a_units_own_and_every_edit(
    database: Any, office_in: Any, archive_in: Any, addresses: DatabaseAddresses
) -> None:
    with database.transaction() as session:
        office = office_in(session, archive_in(session))
        office.begin(fields=INQUIRY)
        unit, person = office.unit.id, office.officer.id
    own = (
        "INSERT INTO document_template SELECT gen_random_uuid(), {}, jurisdiction || '-own', version, {}, title_zh,"
        " title_en, rules, source, source_sha256, {}, now(), NULL FROM document_template WHERE rules ->> 'kind' ="
        " 'inquiry_record'"
    )
    past = "daterange('2000-01-01', '2001-01-01')"
    with psycopg.connect(addresses.worker, autocommit=True) as connection:
        for statement in (
            own.format(f"'{unit}'", past, "NULL"),
            own.format("NULL", past, f"'{person}'"),
        ):
            with pytest.raises(psycopg.errors.CheckViolation):
                connection.execute(statement)
        with pytest.raises(psycopg.errors.ExclusionViolation):
            connection.execute(own.format("NULL", "valid", "NULL"))
        for statement in (
            "UPDATE document_template SET rules = '{}'",
            "UPDATE document_template SET source = ''",
            "DELETE FROM document_template",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute("UPDATE document_template SET valid = daterange('2020-01-01', NULL)")


def test_a_template_is_read_as_it_is_written() -> None:
    template = read_template(SOURCE.encode()).template
    assert template.signatures == {"officer": 2, "party": 1}
    assert [column.name for field in template.fields for column in field.columns] == ["question", "answer"]
    assert type(template).of(template.as_json()) == template
