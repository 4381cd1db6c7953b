"""A 局, a 大队 below it, another 大队 beside that and a 中队 below: each role in all, under the shipped rules."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Any

from casework.archiving.retention_rules import load_shipped_retention
from casework.checklists.checklists import load_shipped_checklists
from casework.deadlines.loading import load_shipped_terms
from casework.documents.issuers import name_issuer
from casework.documents.seals import make_seal
from casework.documents.templates import load_shipped_templates
from casework.elements.policies import load_shipped_policies
from casework.filereview.sheets import load_shipped_score_sheets
from casework.publication.publicity import load_shipped_publicity
from casework.returns.rules import load_returns
from casework.review.qualifications import add_qualification
from casework.review.scopes import load_shipped_scopes
from storage.catalog.organisation import Person
from storage.ledger.append import Actor
from tests.api.http.served import Served

OPERATOR = Actor.system("admin")
ROLES = {
    "o": "officer",
    "s": "supervisor",
    "l": "legal_reviewer",
    "p": "publisher",
    "u": "auditor",
    "a": "administrator",
}
PLACES = ("here", "above", "beside", "below")
DUTIES = (("o", "collect"), ("o", "transmit"), ("s", "review"), ("p", "publish"))
SHIPPED = (
    load_shipped_checklists,
    load_shipped_policies,
    load_shipped_publicity,
    load_shipped_retention,
    load_shipped_score_sheets,
    load_shipped_scopes,
    load_shipped_templates,
    load_shipped_terms,
)
API = "/api/v1"
RETURNS = """
jurisdiction: CQ-test
version: 1
title: {zh: 年报, en: Yearly returns}
valid_from: 2019-01-01
returns:
""" + "".join(
    f"""
  - code: r{number}
    name: {{zh: 第 {number} 种年报, en: Yearly return {number}}}
    owed_by: every
    every: year
    due: {{days: 31, counted: calendar_days}}
    recipients: [区城市管理局]
    figures: [cases]
    law: [区局关于报送执法情况的通知]
"""
    for number in range(1, 61)
)
"""Of each, every unit owes one for last year."""


def done(response: Any) -> Any:
    """What a step of the story answered; it has to succeed."""
    assert response.is_success, response.text
    return response.json()


class Units:
    """`callers[place][letter]`: who asks. Everything else is of the unit `here`, a new one at each call of a method."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.returns = iter(range(1, 61))
        self.now, self.numbers = datetime.now(UTC), iter(range(1, 10_000))
        bureau = served.unit("江城区城市管理局")
        here = served.unit(f"江城{uuid.uuid4().hex}大队", bureau)
        self.units = {
            "here": here,
            "above": bureau,
            "beside": served.unit("江北大队", bureau),
            "below": served.unit("江城大队一中队", here),
        }
        self.here = here
        self.callers = {
            place: {letter: served.signed_in(self.units[place], role) for letter, role in ROLES.items()}
            for place in PLACES
        }
        self.o, self.s, self.l, self.p, self.u, self.a = self.callers["here"].values()
        self.handlers = [served.person(here, "officer") for _ in range(2)]
        # Units that have been there for long owe a return for last year.
        served.as_owner("UPDATE unit SET created_at = now() - interval '5 years'")
        served.as_owner("UPDATE person SET badge_number = '000123' WHERE id = %s", self.o.person.id)
        self._load_rules()
        self._name_to_duties()

    def _load_rules(self) -> None:
        with self.served.database.transaction() as session:
            for load in SHIPPED:
                load(session, self.now)
            load_returns(session, OPERATOR, RETURNS.encode(), self.now)
            name_issuer(session, OPERATOR, self.units["above"].id, name="江城区城市管理局", word="江综执")
            make_seal(session, OPERATOR, self.served.archive.seal_keys, self.units["above"].id, "江城区局", self.now)
            for place in PLACES:
                reviewer = self.callers[place]["l"].person.id
                facts = {"ground": "legal_profession", "number": f"A{reviewer.hex[:9]}", "valid_from": date(2020, 3, 1)}
                add_qualification(session, OPERATOR, reviewer, **facts)
        self.served.certify(*(each.id for each in (*self.handlers, self.o.person, self.s.person)))

    def _name_to_duties(self) -> None:
        for place in PLACES:
            for letter, duty in DUTIES:
                address = f"{API}/people/{self.callers[place][letter].person.id}/publication-duties"
                named = done(self.callers["above"]["a"].post(address, json={"duty": duty}))
                self.duty = named["id"] if place == "here" else self.duty

    def number(self) -> str:
        return f"{next(self.numbers):05}"

    def someone(self, role: str = "officer") -> Person:
        return self.served.person(self.here, role)
