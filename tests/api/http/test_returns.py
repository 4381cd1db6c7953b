"""Returns over HTTP: owed by rule, drawn up from the ledger, checked by another, sent with proof, corrected."""

from __future__ import annotations

import csv
import io
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from api.words.tables import word_for
from casework.returns.periods import period_of
from casework.returns.rules import load_returns, load_shipped_returns
from casework.statistics.tally import Tally
from integrity.ledger_entry import LedgerEntry, parse_entry
from integrity.local_time import CHINA, chinese_day
from integrity.tiles import bundle_path, decode_bundle
from storage.catalog.organisation import Unit
from storage.ledger.append import Actor, append_entry
from tests.api.http.publishing import PublishingDesk, make_publishing_desk
from tests.api.pages.test_every_page import check_markup

OPERATOR = Actor.system("admin")
CHINESE = {"Accept-Language": "zh-CN"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
RULES = """
jurisdiction: CQ-test
version: 1
title: {zh: 月报, en: Monthly return}
valid_from: 2019-01-01
returns:
  - code: monthly
    name: {zh: 执法情况月报, en: Monthly return}
    owed_by: below
    every: month
    due: {days: 5, counted: working_days}
    recipients: [区城市管理局, 街道办事处]
    figures: [cases, penalties]
    law: [区局关于报送执法情况的通知]
"""
PROOF = {"recipient": "区城市管理局", "proof": "公文系统，江城管报〔2026〕3号"}


@dataclass
class Reporting:
    """A 大队 that has been there for three months and owes a return for each. `today` is a day of `this_month`."""

    desk: PublishingDesk
    served: Any
    today: date

    @property
    def last_month(self) -> Any:
        return period_of("month", self.today.replace(day=1) - timedelta(days=1))

    @property
    def month_before(self) -> Any:
        """The one before the last: five working days after its end have passed, whatever day it is today."""
        return period_of("month", self.last_month.first_day - timedelta(days=1))

    def draw_up(self, period: str | None = None, reason: str | None = None, by: Any = None) -> Any:
        self.served.wait_for_places()
        form = {"code": "monthly", "period": period or self.last_month.code}
        return (by or self.desk.publisher).post("/api/v1/returns", json=form | ({"reason": reason} if reason else {}))

    def checked(self, period: str | None = None, reason: str | None = None) -> str:
        made = self.draw_up(period, reason)
        assert made.status_code == 201, made.text
        address = f"/api/v1/returns/{made.json()['id']}"
        answer = self.desk.supervisor.post(f"{address}/check")
        assert answer.status_code == 200, answer.text
        return address

    def send(self, address: str, **more: Any) -> Any:
        form = {**PROOF, "sent_on": str(self.today), **more}
        return self.desk.publisher.post(f"{address}/sendings", json=form)

    def happened(self, action: str, subject: str, day: date, **data: str) -> None:
        """An entry of the unit as of the end of that Chinese day, as it would have been made then: the database takes
        none but of now, unless its owner lets it."""
        at = datetime.combine(day, time(23, 59, 59), CHINA)
        entry = LedgerEntry(
            id=uuid.uuid4(),
            occurred_at=at.astimezone(UTC),
            action=action,
            actor_kind="system",
            actor_id="test",
            unit_id=self.desk.unit.id,
            subject_kind="case",
            subject_id=subject,
            data=data,
        )
        self.served.as_owner("ALTER TABLE ledger_entry DISABLE TRIGGER columns_of_bytes")
        with self.served.database.transaction() as session:
            append_entry(session, entry)
        self.served.as_owner("ALTER TABLE ledger_entry ENABLE TRIGGER columns_of_bytes")

    def execute(self, statement: str, return_id: uuid.UUID) -> None:
        """As a role of the application; `other`: an officer."""
        with self.served.database.transaction() as session:
            by = {"other": self.desk.officer.person.id, "id": return_id}
            session.execute(text(statement), {name: by[name] for name in by if f":{name}" in statement})

    def listed(self, caller: Any, period: str) -> Any:
        found = caller.get("/api/v1/returns", params={"year": int(period[:4])})
        assert found.status_code == 200, found.text
        return next(each for each in found.json()["items"] if each["period"] == period and each["unit"] == "江城大队")


@pytest.fixture
def reporting(served: Any) -> Reporting:
    """The owner of the database lets the units be a hundred days old: they owe the returns of as long."""
    desk = make_publishing_desk(served)
    with served.database.transaction() as session:
        load_shipped_returns(session, datetime.now(UTC))
        load_returns(session, OPERATOR, RULES.encode(), datetime.now(UTC))
    served.as_owner("UPDATE unit SET created_at = now() - interval '100 days'")
    return Reporting(desk, served, chinese_day(datetime.now(UTC)))


def refused(answer: Any, status: int, problem: str) -> None:
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:liuhen:problem:{problem}"), answer.text


def test_a_return_goes_its_way_and_each_step_is_an_entry(reporting: Reporting) -> None:
    desk, period = reporting.desk, reporting.month_before.code
    before = reporting.listed(desk.supervisor, period)
    assert (before["id"], before["versions"], before["recipients"]) == (None, [], ["区城市管理局", "街道办事处"])
    address = reporting.checked(period)
    waiting = reporting.send(address)
    assert waiting.status_code == 201, waiting.text
    (version,) = waiting.json()["versions"]
    assert (version["step"], version["waiting"]) == ("partly_sent", ["街道办事处"])
    sent = reporting.send(address, recipient="街道办事处").json()
    (version,) = sent["versions"]
    assert (version["step"], version["sent_on"]) == ("sent", str(reporting.today))
    assert (sent["state"], sent["sent_on"]) == ("sent_late", str(reporting.today))
    receipts = f"/api/v1/return-sendings/{version['sendings'][0]['id']}/receipts"
    filed = desk.publisher.post(receipts, params={"name": "回执.png"}, content=PNG)
    receipt = filed.json()["versions"][0]["sendings"][0]["receipts"][0]
    assert desk.auditor.get(f"/api/v1/return-receipts/{receipt['id']}").content == PNG
    refused(desk.publisher.post(receipts, params={"name": "a.txt"}, content=b"text"), 422, "return-receipt")
    deeds = ("drawn_up", "checked", "sent", "receipt_filed")
    assert [len(reporting.served.entries(f"return.{deed}")) for deed in deeds] == [1, 1, 2, 1]


def test_the_figures_are_those_of_the_ledger_s_files_at_the_checkpoint(reporting: Reporting) -> None:
    desk, served, today = reporting.desk, reporting.served, reporting.today
    desk.decide()
    desk.decide(amount_fen=12_345)
    period, case = reporting.last_month, str(uuid.uuid4())
    reporting.happened("case.opened", case, period.first_day, procedure="ordinary_penalty")
    reporting.happened("case.opened", str(uuid.uuid4()), period.first_day - timedelta(days=1), procedure="unstated")
    reporting.happened("case.closed", case, period.last_day)
    made = reporting.draw_up().json()
    found = desk.auditor.get(f"/api/v1/returns/{made['id']}").json()
    assert (found["total"]["opened_ordinary_penalty"], found["total"]["cases_closed"]) == (1, 1)
    assert sum(found["total"].values()) == 2
    assert found["total"]["penalties_decided"] == 0, "they were decided in this month"
    size = found["version"]["checkpoint_size"]
    tally, now = Tally(period.first_day, period.last_day), Tally(today, today)
    for number in range(-(-size // 256)):
        left = min(256, size - 256 * number)
        content = served.archive.ledger_files.fetch(bundle_path(number, left))
        for each in decode_bundle(content, left):
            tally.take(parse_entry(each))
            now.take(parse_entry(each))
    ours = tally.counted().get(desk.unit.id, {})
    assert {code: number for code, number in found["total"].items() if number} == dict(ours)
    assert now.counted()[desk.unit.id]["penalty_amount_fen"] == 17_345
    desk.decide()
    served.wait_for_places()
    assert desk.auditor.get(f"/api/v1/returns/{made['id']}").json()["total"] == found["total"]


def test_every_format_says_the_same_and_names_people_and_checkpoint(reporting: Reporting) -> None:
    address = reporting.checked()
    found = reporting.desk.auditor.get(address).json()
    table = reporting.desk.auditor.get(f"{address}/table.csv")
    assert f"return-monthly-{reporting.last_month.code}-1.csv" in table.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(table.content.decode("utf-8-sig"))))
    figures = {row[1]: float(row[2]) for row in rows if len(row) > 2 and row[0] != "类别"}
    assert figures == {
        word_for("figure", code): number / 100 if code.endswith("_fen") else number
        for code, number in found["total"].items()
    }
    said = {row[0]: row[1] for row in rows if len(row) == 2}
    assert said["账本检查点（根）"] == found["version"]["checkpoint_root"]
    assert reporting.desk.supervisor.person.name in said["审核人"]
    assert said["填报单位"] == "江城大队"
    again = reporting.desk.auditor.get(f"{address}/table.xlsx")
    assert again.content[:2] == b"PK"
    assert again.content == reporting.desk.auditor.get(f"{address}/table.xlsx").content


def test_a_correction_keeps_the_history_and_its_sending_makes_nothing_in_time(reporting: Reporting) -> None:
    period = reporting.month_before.code
    address = reporting.checked(period)
    for recipient in ("区城市管理局", "街道办事处"):
        assert reporting.send(address, recipient=recipient).status_code == 201
    refused(reporting.draw_up(period), 422, "return-reason")
    corrected = reporting.checked(period, "补录了两起案件")
    assert corrected != address
    refused(reporting.send(address, recipient="街道办事处"), 409, "return-settled")
    for recipient in ("区城市管理局", "街道办事处"):
        assert reporting.send(corrected, recipient=recipient).status_code == 201
    found = reporting.listed(reporting.desk.administrator, period)
    assert (found["state"], found["sent_on"]) == ("sent_late", str(reporting.today))
    assert (found["corrections"], [each["ordinal"] for each in found["versions"]]) == (1, [1, 2])
    assert found["versions"][1]["reason"] == "补录了两起案件"
    for each, late in zip(found["versions"], (3, 1), strict=True):
        page = reporting.desk.supervisor.get(f"/returns/{each['id']}", headers=CHINESE)
        assert page.status_code == 200, page.text
        check_markup(page.text)
        assert page.text.count(">迟报</span>") == late, "the return itself, and its first version to each recipient"
    assert "历次编制" in page.text
    assert "上次报送" in page.text


def test_each_version_goes_to_the_recipients_of_the_rule_that_it_was_drawn_up_by(reporting: Reporting) -> None:
    address, tomorrow = reporting.checked(), reporting.today + timedelta(days=1)
    for recipient in ("区城市管理局", "街道办事处"):
        assert reporting.send(address, recipient=recipient).status_code == 201
    other = RULES.replace("version: 1", "version: 2\nsupersedes: 1").replace("2019-01-01", str(tomorrow))
    other = other.replace("[区城市管理局, 街道办事处]", "[市城市管理局]")
    with reporting.served.database.transaction() as session:
        rule_id = load_returns(session, OPERATOR, other.encode(), datetime.now(UTC)).id
    reporting.checked(reason="补录了两起案件")
    reporting.served.as_owner(f"UPDATE unit_return SET rule_id = '{rule_id}' WHERE ordinal = 2")
    found = reporting.listed(reporting.desk.supervisor, reporting.last_month.code)
    assert [(each["step"], each["waiting"]) for each in found["versions"]] == [
        ("sent", []),
        ("checked", ["市城市管理局"]),
    ]


def test_what_waits_is_set_aside_before_it_is_drawn_up_again(reporting: Reporting) -> None:
    made = reporting.draw_up().json()
    refused(reporting.draw_up(reason="再来"), 409, "return-drawn-up")
    aside = reporting.desk.supervisor.post(f"/api/v1/returns/{made['id']}/set-aside", json={"reason": "漏报一起"})
    assert aside.json()["versions"][0]["step"] == "set_aside"
    refused(reporting.desk.supervisor.post(f"/api/v1/returns/{made['id']}/check"), 409, "return-settled")
    assert reporting.draw_up(reason="补报").json()["versions"][1]["ordinal"] == 2


def test_nobody_checks_what_he_drew_up_or_sends_what_is_unchecked(reporting: Reporting) -> None:
    own = reporting.draw_up(by=reporting.desk.supervisor).json()
    address = f"/api/v1/returns/{own['id']}"
    refused(reporting.desk.supervisor.post(f"{address}/check"), 403, "own-return")
    refused(reporting.send(address), 409, "return-settled")
    assert reporting.desk.reviewers[0].post(f"{address}/check").status_code == 200
    refused(reporting.desk.reviewers[1].post(f"{address}/check"), 409, "return-settled")
    refused(reporting.send(address, recipient="某局"), 422, "return-sending")
    for day in (reporting.today + timedelta(days=1), reporting.today - timedelta(days=1)):
        refused(reporting.send(address, sent_on=str(day)), 422, "return-sending")


def test_no_return_of_a_period_that_goes_on_or_that_is_not_owed(reporting: Reporting) -> None:
    refused(reporting.draw_up(period_of("month", reporting.today).code), 409, "return-period-goes-on")
    refused(reporting.draw_up("2019-01"), 422, "return-not-owed")
    refused(reporting.draw_up("2026-Q1"), 422, "return-not-owed")
    refused(reporting.draw_up("soon"), 422, "return-period")
    refused(reporting.draw_up(reason="第一稿"), 422, "return-reason")
    assert reporting.draw_up(by=reporting.desk.officer).status_code == 403


def test_what_is_overdue_is_seen_by_the_unit_and_by_the_one_above(reporting: Reporting) -> None:
    desk = reporting.desk
    overdue = reporting.month_before.code
    found = reporting.listed(desk.administrator, overdue)
    assert (found["state"], found["days_left"] < 0) == ("overdue", True)
    shift = desk.supervisor.get("/api/v1/shift").json()["returns"]
    assert (overdue, "overdue", "none") in {(each["period"], each["state"], each["step"]) for each in shift}
    with reporting.served.database.reading() as session:
        bureau = session.get_one(Unit, desk.unit.parent_id)
    chief = reporting.served.signed_in(bureau, "supervisor")
    above = chief.get("/api/v1/shift").json()["returns"]
    assert {each["unit"] for each in above if each["period"] == overdue} == {"江城大队", "江北大队"}
    for caller, path in ((desk.supervisor, "/shift"), (desk.publisher, "/publications"), (chief, "/returns")):
        page = caller.get(path, params={"year": overdue[:4]} if path == "/returns" else {}, headers=CHINESE)
        assert page.status_code == 200, page.text
        check_markup(page.text)
        assert overdue in page.text
        assert "逾期未报" in page.text
    there = desk.stranger.get("/api/v1/returns", params={"year": int(overdue[:4])}).json()["items"]
    assert {each["unit"] for each in there} == {"江北大队"}


def test_the_database_refuses_what_the_rules_refuse(reporting: Reporting) -> None:
    address = reporting.checked()
    return_id = uuid.UUID(address.rpartition("/")[2])
    tried = (
        ("UPDATE unit_return SET figures = '{}'", "permission denied"),
        ("UPDATE unit_return SET checked_at = now() + interval '1 second'", "was set and stays"),
        ("DELETE FROM unit_return", "permission denied"),
        (_again("ordinal + 1", "'x'"), "versions of a return follow"),
        (_again("ordinal", "NULL", period="'2199-01'", last_day="'2199-01-31'"), "of a period that is over"),
        (_again("ordinal", "NULL", period="'y'", code="'other'"), "no rule asks"),
        (
            _again("ordinal", "NULL", **_days(reporting.month_before), root="sha256('x')"),
            "a checkpoint that was signed",
        ),
        (_again("ordinal", "NULL", **_days(reporting.month_before), code="'annual'", rule_id=SHIPPED), "no rule asks"),
        *((_again("ordinal", "NULL", **_days(reporting.month_before) | each), "no rule asks") for each in NO_PERIODS),
        *((_again("ordinal", "NULL", **_days(reporting.month_before), figures=each), "figures") for each in NO_FIGURES),
        (_again("ordinal", "NULL", period="'y'", drawn_up_by="sent_back.by"), "the work of its own unit"),
        (_sending("current_date - 9"), "between its check and today"),
        (_sending("chinese_day(now())", recipient="某局"), "goes to its recipients"),
    )
    for statement, said in tried:
        with pytest.raises(DatabaseError, match=said):
            reporting.execute(statement, return_id)
    assert reporting.send(address).status_code == 201
    aside = "UPDATE unit_return SET set_aside_at = now(), set_aside_by = checked_by, set_aside_reason = 'x'"
    with pytest.raises(DatabaseError, match="set aside, or sent, and stays"):
        reporting.execute(aside, return_id)


def test_the_database_refuses_a_return_by_a_farther_rule(reporting: Reporting, served: Any) -> None:
    return_id = uuid.UUID(reporting.checked().rpartition("/")[2])
    nearer = RULES.replace("2019-01-01", str(reporting.today + timedelta(days=1)))
    with served.database.transaction() as session:
        load_returns(session, OPERATOR, f"{nearer}unit: {reporting.desk.unit.code}\n".encode(), datetime.now(UTC))
    # As if it had been loaded years ago.
    served.as_owner("ALTER TABLE return_rule DISABLE TRIGGER USER")
    served.as_owner("UPDATE return_rule SET valid = '[2019-01-01,)' WHERE unit_id IS NOT NULL")
    with pytest.raises(DatabaseError, match="is ruled by a nearer unit"):
        reporting.execute(_again("ordinal", "NULL", **_days(reporting.month_before)), return_id)
    assert reporting.draw_up(reporting.month_before.code).status_code == 201


SLIPPED_IN = {
    "period": "first_day = first_day + 14",
    "rule": "code = 'nothing'",
    "figures": "figures = '{}'",
}


@pytest.mark.parametrize("problem", SLIPPED_IN)
def test_what_was_slipped_in_is_a_clear_problem_and_hides_nothing_else(
    reporting: Reporting, served: Any, problem: str
) -> None:
    desk, address = reporting.desk, reporting.checked()
    return_id = address.rpartition("/")[2]
    other = reporting.draw_up(reporting.month_before.code).json()["id"]
    served.as_owner("ALTER TABLE unit_return DISABLE TRIGGER USER")
    served.as_owner(f"UPDATE unit_return SET {SLIPPED_IN[problem]} WHERE id = %s", return_id)
    for path in (address, f"{address}/table.csv"):
        answer = desk.supervisor.get(path)
        refused(answer, 409, "return-unsound")
        assert "liuhen verify" in answer.json()["sentences"]["zh-CN"]
        assert return_id in answer.json()["sentences"]["zh-CN"]
    refused(reporting.send(address), 409, "return-unsound")
    year = {"year": reporting.month_before.last_day.year}
    listed = desk.supervisor.get("/api/v1/returns", params=year).json()["items"]
    assert other in [each["id"] for each in listed]
    assert return_id not in [each["id"] for each in listed]
    page = desk.supervisor.get("/returns", params=year, headers=CHINESE)
    check_markup(page.text)
    assert page.status_code == 200
    assert f"有 1 份报表不是本系统编制的样子，没有列出：{return_id}" in page.text
    assert desk.supervisor.get(f"/returns/{return_id}", headers=CHINESE).status_code == 409
    for caller, path in ((desk.supervisor, "/shift"), (desk.publisher, "/publications")):
        assert caller.get(path, headers=CHINESE).status_code == 200


def _days(period: Any) -> dict[str, str]:
    days = {"period": period.code, "first_day": period.first_day, "last_day": period.last_day}
    return {name: f"'{value}'" for name, value in days.items()}


SHIPPED = "(SELECT id FROM return_rule WHERE jurisdiction = 'CN')"
NO_PERIODS = (
    {"period": "'y'"},
    {"period": "'2026-Q1'"},
    {"first_day": "r.first_day"},
    {"last_day": "r.last_day"},
    {"first_day": "r.first_day - 20"},
)
"""Of the month before, each with one thing that does not belong to it."""
_ONE = "r.figures #> '{units,0}'"
NO_FIGURES = (
    "'{}'",
    "'[]'",
    "r.figures - 'counting'",
    "jsonb_set(r.figures, '{counting}', '0')",
    "jsonb_set(r.figures, '{counting}', '1.5')",
    "jsonb_set(r.figures, '{units}', '[]')",
    "jsonb_set(r.figures, '{units}', '{}')",
    "jsonb_set(r.figures, '{units,0}', '7')",
    "jsonb_set(r.figures, '{units,0,id}', '7')",
    "jsonb_set(r.figures, '{units,0,id}', to_jsonb(gen_random_uuid()))",
    "jsonb_set(r.figures, '{units,0,name}', '7')",
    "jsonb_set(r.figures, '{units,0,depth}', '\"0\"')",
    "jsonb_set(r.figures, '{units,0,figures}', '{}')",
    "jsonb_set(r.figures, '{units,0,figures}', '[]')",
    "jsonb_set(r.figures, '{units,0,figures,cases_closed}', '1.5')",
    "jsonb_set(r.figures, '{units,0,figures,cases_closed}', '\"1\"')",
    f"jsonb_insert(r.figures, '{{units,0}}', {_ONE})",
    f"jsonb_insert(r.figures, '{{units,0}}', jsonb_set({_ONE}, '{{id}}', to_jsonb(gen_random_uuid())))",
)


def _again(ordinal: str, reason: str, **changes: str) -> str:
    """A second row made of the first one."""
    columns = {
        "id": "gen_random_uuid()",
        "unit_id": "r.unit_id",
        "rule_id": "r.rule_id",
        "code": "r.code",
        "period": "r.period",
        "first_day": "r.first_day",
        "last_day": "r.last_day",
        "ordinal": f"r.{ordinal}",
        "reason": reason,
        "checkpoint_size": "r.checkpoint_size",
        "root": "r.root",
        "figures": "r.figures",
        "drawn_up_by": "r.drawn_up_by",
        "drawn_up_at": "now()",
    } | changes
    return (
        f"INSERT INTO unit_return ({', '.join(columns)}) SELECT {', '.join(columns.values())} FROM unit_return r, "
        "(SELECT CAST(:other AS uuid) AS by) sent_back WHERE r.id = :id"
    )


def _sending(sent_on: str, recipient: str = "区城市管理局") -> str:
    return (
        "INSERT INTO return_sending (id, unit_id, return_id, recipient, sent_on, proof, sent_by, sent_at) SELECT "
        f"gen_random_uuid(), r.unit_id, r.id, '{recipient}', {sent_on}, 'x', r.drawn_up_by, now() FROM unit_return r "
        "WHERE r.id = :id"
    )
