"""Returns against the ledger: figures that were made better are named, whatever their entry says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import psycopg
import pytest

from casework.returns.checking import check, set_aside
from casework.returns.drawing_up import draw_up
from casework.returns.periods import period_of
from casework.returns.rules import load_returns
from casework.returns.sending import file_receipt, send
from casework.statistics import figures
from integrity.local_time import chinese_day
from storage.ledger.append import Actor
from tests.api.http.test_returns import PNG, RULES
from tests.api.tampering import as_superuser, found_in, put_back
from tests.api.tampering import set_aside as keep

TAMPERED = (
    ("UPDATE unit_return SET figures = jsonb_set(figures, '{units,0,figures,cases_closed}', '7')", "figures_sha256"),
    ("UPDATE unit_return SET figures = jsonb_set(figures, '{units,0,figures,cases_closed}', '7')", "figures_differ"),
    ("UPDATE unit_return SET figures = jsonb_set(figures, '{units,0,figures}', '{}')", "figures_differ"),
    ("UPDATE unit_return SET figures = jsonb_set(figures, '{counting}', '7')", "figures_differ"),
    ("UPDATE unit_return SET figures = '{}'", "figures_differ"),
    ("UPDATE unit_return SET figures = jsonb_set(figures, '{units,0,id}', '7')", "figures_differ"),
    ("UPDATE unit_return SET figures = jsonb_set(figures, '{units,0,figures}', '[]')", "figures_differ"),
    ("UPDATE unit_return SET figures = figures - 'counting'", "figures_differ"),
    ("UPDATE unit_return SET first_day = first_day + 14", "return_not_owed"),
    ("UPDATE unit_return SET code = 'nothing'", "return_not_owed"),
    ("UPDATE return_rule SET unit_id = gen_random_uuid()", "return_not_owed"),
    ("UPDATE return_rule SET rules = jsonb_set(rules, '{returns,0,owed_by}', '\"below\"')", "return_not_owed"),
    (
        "UPDATE unit_return SET figures = jsonb_insert(figures, '{units,0}', jsonb_set(figures #> '{units,0}', '{id}',"
        " to_jsonb(gen_random_uuid())))",
        "return_not_owed",
    ),
    (
        "INSERT INTO unit (id, parent_id, name, code, created_at) SELECT gen_random_uuid(), unit_id, 'x', 'x',"
        " drawn_up_at - interval '1 day' FROM unit_return LIMIT 1",
        "return_not_owed",
    ),
    ("UPDATE unit_return SET root = sha256('x')", "root"),
    ("UPDATE unit_return SET period = '2026-01'", "period"),
    ("UPDATE unit_return SET last_day = last_day - 1", "last_day"),
    ("UPDATE unit_return SET checked_by = drawn_up_by WHERE ordinal = 2", "checked_by"),
    ("UPDATE unit_return SET set_aside_at = NULL, set_aside_by = NULL, set_aside_reason = NULL", "set_aside"),
    ("UPDATE unit_return SET reason = '另一个理由' WHERE ordinal = 2", "reason"),
    ("UPDATE return_sending SET sent_on = sent_on - 30", "sent_on"),
    ("UPDATE return_sending SET recipient = '别处'", "recipient"),
    ("UPDATE return_sending SET proof = '没有'", "proof"),
    ("UPDATE return_receipt SET content = 'x', sha256 = sha256('x')", "sha256"),
    ("DELETE FROM return_receipt", "logged_row_missing"),
    ("DELETE FROM return_sending", "logged_row_missing"),
    ("DELETE FROM unit_return WHERE ordinal = 2", "logged_row_missing"),
    ("UPDATE return_rule SET rules = '{\"returns\": []}'", "of_its_source"),
)
TABLES = ("return_receipt", "return_sending", "unit_return", "return_rule", "unit")


@pytest.fixture
def kept(sealing: Any, superuser: psycopg.Connection[Any]) -> Any:
    """A return that was set aside, and its second version, checked, sent and with a receipt."""
    database, people = sealing.archive.database, sealing.people
    sealing.settle()
    superuser.execute("UPDATE unit SET created_at = now() - interval '100 days'")
    superuser.commit()
    now = datetime.now(UTC)
    today = chinese_day(now)
    period = period_of("month", today.replace(day=1) - timedelta(days=1)).code
    with database.transaction() as session:
        load_returns(session, Actor.system("admin"), RULES.replace("below", "every").encode(), now)
        first = draw_up(session, people["supervisor"], "monthly", period, now)
        set_aside(session, people["legal"], first.id, "漏报", now)
        second = draw_up(session, people["supervisor"], "monthly", period, now, "补录")
        check(session, people["legal"], second.id, now)
        sent = {"recipient": "街道办事处", "sent_on": today, "proof": "当面", "now": now}
        sending = send(session, people["other"], second.id, **sent)
        file_receipt(session, people["other"], sending.id, "回执.png", PNG, now)
    sealing.settle()
    return sealing


@pytest.fixture
def superuser(server: Any, addresses: Any) -> Iterator[psycopg.Connection[Any]]:
    """Who can do everything: guards off."""
    with as_superuser(server, addresses, ("unit_return", "ck_unit_return_four_eyes"), autocommit=False) as connection:
        yield connection


@pytest.mark.timeout(400)
def test_whatever_is_changed_of_a_return_is_named(kept: Any, superuser: psycopg.Connection[Any]) -> None:
    before = found_in(kept)
    assert {subject.rpartition(": ")[2] for _, subject in before} == {"created_at"}, "the unit's, moved by the test"
    for table in TABLES:
        keep(superuser, table)
    for statement, named in TAMPERED:
        superuser.execute(statement.encode())
        superuser.commit()
        found = found_in(kept) - before
        assert any(named in (code, subject.rpartition(": ")[2]) for code, subject in found), (statement, found)
        for table in TABLES:
            put_back(superuser, table)
        superuser.commit()
    assert found_in(kept) == before


def test_a_figure_that_is_added_later_accuses_neither_rule_nor_return(kept: Any, monkeypatch: Any) -> None:
    before = found_in(kept)
    groups = cast("dict[str, tuple[str, ...]]", figures.GROUPS)
    monkeypatch.setitem(groups, "cases", ("cases_reopened", *groups["cases"]))
    assert "cases_reopened" in figures.codes_of(("cases",))
    assert found_in(kept) == before


def test_what_was_counted_in_an_earlier_way_is_told_and_not_counted_again(
    kept: Any, superuser: psycopg.Connection[Any], monkeypatch: Any
) -> None:
    before = found_in(kept)
    monkeypatch.setattr(figures, "COUNTING", figures.COUNTING + 1)
    told = {(code, subject.rpartition(": ")[2]) for code, subject in found_in(kept) - before}
    assert told == {("figures_not_counted", "counting")}
