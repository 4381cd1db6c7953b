"""A case for each line of `told_refusals` and what it asks: what is missing as it stands, and without that line."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from api.engines.roles import DatabaseAddresses
from casework.notices.rules import load_notice_rule
from casework.review.decisions import change_decision
from storage.catalog.decisions import DecisionVersion
from storage.catalog.notices import PartyNotice
from storage.database import Database
from storage.ledger.append import Actor
from tests.casework.notices.told import Telling
from tests.casework.review.scene import Scene

OWN = """
jurisdiction: {name}
version: 1
title: {{zh: 本区, en: ours}}
valid_from: {day}
{unit}procedures:
  ordinary_penalty: {{notice: written, days: 40, counted: working_days, law: [本区规定]}}
"""
LATER = (datetime.now(UTC) + timedelta(days=2)).date()
BACK = """
    ALTER TABLE case_service DISABLE TRIGGER USER;
    ALTER TABLE final_document DISABLE TRIGGER USER;
    ALTER TABLE party_notice DISABLE TRIGGER USER;
    UPDATE final_document SET finalised_at = finalised_at - interval '40 days';
    UPDATE case_service SET served_at = served_at - interval '30 days', counts_on = counts_on - 30;
    UPDATE party_notice SET stated_at = stated_at - interval '30 days', told_at = told_at - interval '1 day';
    ALTER TABLE case_service ENABLE TRIGGER USER;
    ALTER TABLE final_document ENABLE TRIGGER USER;
    ALTER TABLE party_notice ENABLE TRIGGER USER;
"""


class Stage:
    """A bench whose tellings are committed; `sql` is the owner's, who alone can put a day back."""

    def __init__(self, database: Database, addresses: DatabaseAddresses, telling_in: Any, archive_in: Any) -> None:
        self.scene, self.archive_in = Scene(database, addresses, telling_in, archive_in), archive_in

    def do(self, deed: Callable[[Telling], Any]) -> Any:
        with self.scene.database.transaction() as session:
            again = {"session": session, "archive": self.archive_in(session)}
            made = self.scene.bench
            return deed(Telling(dataclasses.replace(made.bench, **again), dataclasses.replace(made.office, **again)))

    def sql(self, statement: str, values: Mapping[str, Any] | None = None) -> Any:
        return self.scene.run(statement, values, role="owner")

    def missing(self, version: DecisionVersion) -> list[str]:
        ((found,),) = self.scene.run("SELECT told_refusals(%(id)s)", {"id": version.id})
        return list(found)


Prepare = Callable[[Stage], DecisionVersion]
CASES: dict[str, tuple[Prepare, list[str], list[str]]] = {}


def case(before: list[str], after: list[str], *conditions: str) -> Callable[[Prepare], Prepare]:
    """What is missing as it stands, and what once one of these lines is taken out."""

    def known(prepare: Prepare) -> Prepare:
        CASES.update(dict.fromkeys(conditions, (prepare, before, after)))
        return prepare

    return known


def told(stage: Stage, **said: Any) -> DecisionVersion:
    def deed(t: Telling) -> DecisionVersion:
        version = t.draft(**said)
        t.tell_all(version)
        return version

    return stage.do(deed)  # type: ignore[no-any-return]


def offered(stage: Stage) -> DecisionVersion:
    """Told of a large fine, and of the right to a hearing."""

    def deed(t: Telling) -> DecisionVersion:
        version = t.bench.draft()
        t.tell_all(version)
        t.offer_hearing(version)
        return version

    return stage.do(deed)  # type: ignore[no-any-return]


def changed(stage: Stage, version: DecisionVersion, **said: Any) -> DecisionVersion:
    def deed(t: Telling) -> DecisionVersion:
        new = t.bench.said(**{"amount_fen": version.amount_fen, "content": version.content, **said})
        return change_decision(t.session, t.bench.officer, version.decision_id, new, "另裁量", former=version.id)

    return stage.do(deed)  # type: ignore[no-any-return]


def own_rule(stage: Stage, unit: str = "", day: Any = LATER) -> None:
    name = "CQ-own" + (unit and "-unit")
    source = OWN.format(name=name, unit=unit and f"unit: {unit}\n", day=day).encode()
    stage.do(lambda t: load_notice_rule(t.session, Actor.system("admin"), source, datetime.now(UTC)))


def on_the_spot(stage: Stage, kind: str | None = "statement_waived", **said: Any) -> DecisionVersion:
    def deed(t: Telling) -> DecisionVersion:
        version = t.draft(t.bench.another_case("simple_penalty"), **said)
        notice = t.tell_on_the_spot(version)
        if kind is not None:
            t.hear(notice, kind, proven=False)
        return version

    return stage.do(deed)  # type: ignore[no-any-return]


def notice_of(telling: Telling, kind: str = "hearing") -> PartyNotice:
    """The one of that kind."""
    return telling.session.query(PartyNotice).where(PartyNotice.kind == kind).one()
