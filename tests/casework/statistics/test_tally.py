"""A year counted out of entries, against a world in which everything is known beforehand."""

from __future__ import annotations

import random
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from casework.statistics.figures import COERCION_MEASURES, FIGURES, PENALTY_MEASURES
from casework.statistics.tally import ACTIONS
from integrity.ledger_entry import LedgerEntry
from storage.catalog.casework import PROCEDURES
from tests.casework.statistics.tallied import tally_year

YEAR = 2026
CHINESE_MIDNIGHT = timedelta(hours=-8)


def entry(action: str, at: datetime, unit: uuid.UUID | None, subject: str, **data: Any) -> LedgerEntry:
    kind = {"decision": "decision", "publication": "publication", "recording": "recording"}
    return LedgerEntry(
        id=uuid.uuid4(),
        occurred_at=at,
        action=action,
        actor_kind="system",
        actor_id="test",
        unit_id=unit,
        subject_kind=kind.get(action.partition(".")[0], "case"),
        subject_id=subject,
        data=data,
    )


@dataclass
class World:
    """Things happen at random moments of three years; `expected` is told when they are made, by what they are."""

    chance: random.Random
    units: list[uuid.UUID] = field(default_factory=lambda: [uuid.uuid4() for _ in range(3)])
    entries: list[LedgerEntry] = field(default_factory=list)
    expected: dict[uuid.UUID, Counter[str]] = field(default_factory=dict)

    def moment(self) -> datetime:
        """Also in the hours in which the year is another one in Greenwich."""
        first = datetime(YEAR - 1, 1, 1, tzinfo=UTC)
        if self.chance.random() < 0.3:
            edge = datetime(YEAR + self.chance.randint(0, 1), 1, 1, tzinfo=UTC) + CHINESE_MIDNIGHT
            return edge + timedelta(seconds=self.chance.choice((-1, 0, 3600)))
        return first + timedelta(seconds=self.chance.randrange(3 * 365 * 86_400))

    def count(self, unit: uuid.UUID, code: str, at: datetime | date, number: int = 1) -> None:
        day = (at + timedelta(hours=8)).date() if isinstance(at, datetime) else at
        if day.year == YEAR:
            self.expected.setdefault(unit, Counter())[code] += number

    def happen(self) -> None:
        self.chance.choice([self.case, self.decision, self.review, self.publication, self.footage, self.revocation])()

    def case(self) -> None:
        unit, at, subject = self.chance.choice(self.units), self.moment(), str(uuid.uuid4())
        kind = self.chance.choice(list(PROCEDURES))
        procedure = self.chance.choice(PROCEDURES[kind])
        self.entries.append(entry("case.opened", at, unit, subject, kind=kind, procedure=procedure))
        if self.chance.random() < 0.3:
            former, procedure = procedure, self.chance.choice(PROCEDURES[kind])
            later = at + timedelta(days=self.chance.randint(0, 500))
            self.entries.append(
                entry("case.procedure_stated", later, unit, subject, **{"from": former, "to": procedure})
            )
        self.count(unit, f"opened_{procedure}", at)
        for action, code in (("case.closed", "cases_closed"), ("case.archived", "cases_archived")):
            if self.chance.random() < 0.5:
                later = at + timedelta(days=self.chance.randint(1, 400))
                self.entries.append(entry(action, later, unit, subject))
                self.count(unit, code, later)

    def decision(self) -> None:
        unit, at, subject = self.chance.choice(self.units), self.moment(), str(uuid.uuid4())
        kind = self.chance.choice(("penalty", "coercion", "inspection"))
        of = PENALTY_MEASURES if kind == "penalty" else COERCION_MEASURES
        measures, amount = self.chance.sample(of, self.chance.randint(1, 3)), self.chance.choice((None, 5_000, 1))
        party, version = self.chance.choice(("citizen", "organisation")), str(uuid.uuid4())
        said = {"measures": measures, "amount_fen": amount, "party_kind": party, "kind": kind}
        earlier = at - timedelta(days=self.chance.randint(0, 60))
        other = {**said, "measures": [], "amount_fen": 99, "version_id": str(uuid.uuid4())}
        self.entries.append(entry("decision.drafted", earlier, unit, subject, **other))
        self.entries.append(entry("decision.changed", earlier, unit, subject, **said, version_id=version))
        if self.chance.random() < 0.2:
            return  # never issued
        day = (at + timedelta(hours=8)).date()
        scope, review = self.chance.choice(([], [["CN-law", 1, "a"]])), self.chance.choice((None, str(uuid.uuid4())))
        case, issue = str(uuid.uuid4()), str(uuid.uuid4())
        facts = {"version_id": version, "issued_on": day.isoformat(), "scope": scope, "review_id": review}
        facts |= {"issue_id": issue}
        self.entries.append(entry("decision.issued", at, unit, subject, **facts, case_id=case))
        if self.chance.random() < 0.4:
            self.revoke_beside_another(unit, at, case, issue, (amount or 0) if kind == "penalty" else 0)
        if kind == "penalty":
            self.count(unit, "penalties_decided", day)
            self.count(unit, f"penalties_{party}", day)
            self.count(unit, "penalty_amount_fen", day, amount or 0)
        if kind == "coercion":
            self.count(unit, "coercions_decided", day)
        for each in measures:
            self.count(unit, f"{'penalty' if kind == 'penalty' else 'coercion'}_{each}", day)
        if scope:
            self.count(unit, "in_scope_decided", day)
            self.count(unit, "in_scope_passed", day, int(review is not None))

    def revoke_beside_another(self, unit: uuid.UUID, at: datetime, case: str, issue: str, amount: int) -> None:
        """A first revocation may be withdrawn, and a second one stands; another penalty of the case, issued before or
        after it, of 700 fen, stands whatever was revoked."""
        others = at + timedelta(days=self.chance.choice((0, 500)))
        for withdrawn in self.chance.choice(((True, False), (False,))):
            at += timedelta(days=self.chance.randint(1, 200))
            event, day = str(uuid.uuid4()), (at + timedelta(hours=8)).date()
            facts = {"kind": "decision_revoked", "event_id": event, "day": day.isoformat(), "issue_id": issue}
            self.entries.append(entry("case.event_entered", at, unit, case, **facts))
            if withdrawn:
                later = at + timedelta(days=500)
                self.entries.append(entry("case.event_withdrawn", later, unit, case, event_id=event))
            else:
                self.count(unit, "decisions_revoked", day)
                self.count(unit, "revoked_amount_fen", day, amount)
        at = others
        version, day = str(uuid.uuid4()), (at + timedelta(hours=8)).date()
        anew = {"kind": "penalty", "measures": ["fine"], "amount_fen": 700, "party_kind": "citizen"}
        self.entries.append(entry("decision.drafted", at, unit, "anew", **anew, version_id=version))
        issued = {"version_id": version, "issued_on": day.isoformat(), "scope": [], "review_id": None}
        issued |= {"issue_id": str(uuid.uuid4())}
        self.entries.append(entry("decision.issued", at, unit, "anew", **issued, case_id=case))
        for code in ("penalties_decided", "penalties_citizen", "penalty_fine"):
            self.count(unit, code, day)
        self.count(unit, "penalty_amount_fen", day, 700)

    def review(self) -> None:
        unit, at, subject = self.chance.choice(self.units), self.moment(), str(uuid.uuid4())
        opinion = self.chance.choice(("agreed", "problems"))
        sat = self.chance.random() < 0.3
        session = {"session_id": str(uuid.uuid4())} if sat else {}
        self.entries.append(entry("decision.reviewed", at, unit, subject, opinion=opinion, **session))
        if sat:
            self.entries.append(entry("decision.committee_sat", at, unit, subject, outcome=opinion))
        self.count(unit, f"committee_{opinion}" if sat else f"opinions_{opinion}", at)
        outcome, code = self.chance.choice((("transferred", "handed_to_judiciary"), ("no_crime", "found_no_crime")))
        self.entries.append(entry("case.transfer_ended", at, unit, subject, outcome=outcome))
        self.count(unit, code, at)

    def publication(self) -> None:
        unit, at, subject = self.chance.choice(self.units), self.moment(), str(uuid.uuid4())
        for number in range(self.chance.randint(1, 3)):
            self.entries.append(entry("publication.published", at, unit, subject))
            self.count(unit, "corrected" if number else "published", at)
            at += timedelta(days=self.chance.randint(1, 300))

    def footage(self) -> None:
        unit, at, subject = self.chance.choice(self.units), self.moment(), str(uuid.uuid4())
        self.entries.append(entry("recording.sealed", at, unit, subject))
        self.count(unit, "recordings_sealed", at)
        later = at + timedelta(days=self.chance.randint(0, 300))
        self.entries.append(entry("copy.made", later, unit, subject))
        self.count(unit, "redacted_copies", later)
        for number in range(self.chance.randint(0, 3)):
            self.entries.append(entry("recording.linked", at, unit, subject))
            self.count(unit, "recordings_linked", at, int(number == 0))
            at += timedelta(days=200)

    def revocation(self) -> None:
        """Of the result of a check, which names no decision."""
        unit, at, subject, event = self.chance.choice(self.units), self.moment(), str(uuid.uuid4()), str(uuid.uuid4())
        day = (at + timedelta(hours=8)).date() - timedelta(days=self.chance.randint(0, 40))
        kind = self.chance.choice(("decision_revoked", "hearing_held"))
        self.entries.append(
            entry("case.event_entered", at, unit, subject, kind=kind, event_id=event, day=day.isoformat())
        )
        if self.chance.random() < 0.3:
            later = at + timedelta(days=self.chance.randint(0, 400))
            self.entries.append(entry("case.event_withdrawn", later, unit, subject, event_id=event))
        elif kind == "decision_revoked":
            self.count(unit, "checks_revoked", day)


@pytest.mark.parametrize("seed", range(12))
def test_every_figure_is_what_happened(seed: int) -> None:
    world = World(random.Random(seed))
    for _ in range(400):
        world.happen()
    # Several things at once, in the order in which each began: as the ledger has them.
    entries = sorted(world.entries, key=lambda each: each.occurred_at)
    found = tally_year(entries, YEAR)
    assert {unit: dict(counts) for unit, counts in found.items()} == {
        unit: {code: number for code, number in counts.items() if number} for unit, counts in world.expected.items()
    }
    assert {code for counts in found.values() for code in counts} <= set(FIGURES)


def test_a_check_that_is_revoked_makes_no_penalty_wrong() -> None:
    unit, at = uuid.uuid4(), datetime(YEAR, 5, 1, tzinfo=UTC)
    drafted = {"version_id": "v", "kind": "penalty", "measures": ["fine"], "amount_fen": 500, "party_kind": "citizen"}
    issued = {"version_id": "v", "issue_id": "i", "issued_on": "2026-05-01", "scope": [], "review_id": None}
    revoked = {"kind": "decision_revoked", "day": "2026-05-02"}
    told = [
        entry("decision.drafted", at, unit, "d", **drafted),
        entry("decision.issued", at, unit, "d", **issued, case_id="c"),
        entry("case.event_entered", at, unit, "c", **revoked, event_id="of the penalty", issue_id="i"),
        *(entry("case.event_entered", at, unit, f"check {n}", **revoked, event_id=f"of check {n}") for n in range(3)),
        entry("case.event_withdrawn", at, unit, "check 2", event_id="of check 2"),
    ]
    found = tally_year(told, YEAR)[unit]
    assert (found["penalties_decided"], found["decisions_revoked"], found["checks_revoked"]) == (1, 1, 2)
    assert found["revoked_amount_fen"] == found["penalty_amount_fen"] == 500


def test_what_concerns_the_whole_archive_is_of_no_unit() -> None:
    at = datetime(YEAR, 5, 1, tzinfo=UTC)
    assert (
        tally_year([entry("recording.sealed", at, None, "x"), entry("unit.created", at, uuid.uuid4(), "y")], YEAR) == {}
    )
    assert "unit.created" not in ACTIONS
