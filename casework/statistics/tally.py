"""Counting the days of a year, or of a shorter period, out of entries in the ledger's order, without the database: a
pure function of what is signed.

Days are those of Chinese time: the day a decision was issued on or an event was stated for, where the entry says one,
else of the moment of the entry.
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from casework.deadlines.decided import REVOKED
from casework.statistics.figures import COERCION_MEASURES, PENALTY_MEASURES
from integrity.ledger_entry import LedgerEntry
from integrity.local_time import chinese_day

COUNTED_ONE_BY_ONE: Final[Mapping[str, str]] = {
    "case.closed": "cases_closed",
    "case.archived": "cases_archived",
    "decision.submitted": "submissions",
    "decision.disagreed": "disagreements",
    "case.transfer_opened": "suspicions_of_crime",
    "publication.withheld": "withheld",
    "publication.taken_down": "taken_down",
    "case.act_added": "acts_recorded",
    "case.gap_explained": "gaps_explained",
    "case.explanation_confirmed": "gaps_confirmed",
    "recording.sealed": "recordings_sealed",
    "playback.window_opened": "viewings",
    "export.finished": "packages",
    "copy.made": "redacted_copies",
}
"""An entry of each is one more, of the unit it names."""


@dataclass(frozen=True)
class _Revocation:
    """An event that says that a decision was revoked; `issue_id`: which, None where it was the result of a check (its
    entry names that by `revokes_id`, since it can)."""

    issue_id: str | None
    unit: uuid.UUID | None
    day: date


@dataclass
class Tally:
    """Of the days from `first_day` to `last_day`. Entries are taken in order, from the ledger's first one on: a
    decision of January may have been drafted in December."""

    first_day: date
    last_day: date
    by_unit: dict[uuid.UUID, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    _versions: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _opened: dict[str, str] = field(default_factory=dict)
    _published: set[str] = field(default_factory=set)
    _revocations: dict[str, _Revocation] = field(default_factory=dict)
    _amounts: dict[str, int] = field(default_factory=dict)
    _linked: set[str] = field(default_factory=set)

    def take(self, entry: LedgerEntry) -> None:
        simple = COUNTED_ONE_BY_ONE.get(entry.action)
        if simple is not None:
            self._add(entry, simple)
        elif (look := _LOOKS.get(entry.action)) is not None:
            look(self, entry)

    def counted(self) -> dict[uuid.UUID, Counter[str]]:
        """By unit, each figure that is not 0: once all entries are taken."""
        self._settle()
        return {unit: Counter({code: n for code, n in found.items() if n}) for unit, found in self.by_unit.items()}

    def _is_of(self, day: date) -> bool:
        return self.first_day <= day <= self.last_day

    def _add(self, entry: LedgerEntry, code: str, number: int = 1, day: str | None = None) -> None:
        on = chinese_day(entry.occurred_at) if day is None else date.fromisoformat(day)
        if entry.unit_id is not None and self._is_of(on):
            self.by_unit[entry.unit_id][code] += number

    def _case_opened(self, entry: LedgerEntry) -> None:
        procedure = str(entry.data.get("procedure"))
        if self._is_of(chinese_day(entry.occurred_at)):
            self._opened[entry.subject_id] = procedure
        self._add(entry, f"opened_{procedure}")

    def _procedure_stated(self, entry: LedgerEntry) -> None:
        """A case counts by the procedure it has at the end, in the year it was opened in."""
        former, procedure = self._opened.get(entry.subject_id), str(entry.data.get("to"))
        if former is not None and entry.unit_id is not None:
            self.by_unit[entry.unit_id][f"opened_{former}"] -= 1
            self.by_unit[entry.unit_id][f"opened_{procedure}"] += 1
            self._opened[entry.subject_id] = procedure

    def _version_stated(self, entry: LedgerEntry) -> None:
        self._versions[str(entry.data.get("version_id"))] = entry.data

    def _issued(self, entry: LedgerEntry) -> None:
        said, day = self._versions.get(str(entry.data.get("version_id")), {}), str(entry.data.get("issued_on"))
        measures = {str(each) for each in said.get("measures") or ()}
        if said.get("kind") == "penalty":
            codes = ["penalties_decided", f"penalties_{said.get('party_kind')}"]
            codes += [f"penalty_{each}" for each in PENALTY_MEASURES if each in measures]
            amount = int(said.get("amount_fen") or 0)
            self._add(entry, "penalty_amount_fen", amount, day)
            self._amounts[str(entry.data.get("issue_id"))] = amount
        else:
            codes = ["coercions_decided"] if said.get("kind") == "coercion" else []
            codes += [f"coercion_{each}" for each in COERCION_MEASURES if each in measures]
        if entry.data.get("scope"):
            codes += ["in_scope_decided"] + ["in_scope_passed"] * (entry.data.get("review_id") is not None)
        for code in codes:
            self._add(entry, code, day=day)

    def _reviewed(self, entry: LedgerEntry) -> None:
        """An outcome of the committee is an opinion of its own, and is counted as a session."""
        if entry.data.get("session_id") is None:
            self._add(entry, f"opinions_{entry.data.get('opinion')}")

    def _committee_sat(self, entry: LedgerEntry) -> None:
        self._add(entry, f"committee_{entry.data.get('outcome')}")

    def _transfer_ended(self, entry: LedgerEntry) -> None:
        outcomes = {"transferred": "handed_to_judiciary", "no_crime": "found_no_crime"}
        if (code := outcomes.get(str(entry.data.get("outcome")))) is not None:
            self._add(entry, code)

    def _publication_published(self, entry: LedgerEntry) -> None:
        """What was public before is public in another version: a correction."""
        self._add(entry, "corrected" if entry.subject_id in self._published else "published")
        self._published.add(entry.subject_id)

    def _event_entered(self, entry: LedgerEntry) -> None:
        if entry.data.get("kind") == REVOKED:
            day, issue = date.fromisoformat(str(entry.data.get("day"))), entry.data.get("issue_id")
            said = _Revocation(None if issue is None else str(issue), entry.unit_id, day)
            self._revocations[str(entry.data.get("event_id"))] = said

    def _event_withdrawn(self, entry: LedgerEntry) -> None:
        """An event that was withdrawn never was."""
        self._revocations.pop(str(entry.data.get("event_id")), None)

    def _settle(self) -> None:
        """Count what was revoked, once it is known which revocations stand: each revokes the decision that it names.

        One that names none is of a check, whose result was public: it is no penalty, and makes none wrong.
        """
        for said in self._revocations.values():
            if said.unit is None or not self._is_of(said.day):
                continue
            if said.issue_id is None:
                self.by_unit[said.unit]["checks_revoked"] += 1
            else:
                self.by_unit[said.unit]["decisions_revoked"] += 1
                self.by_unit[said.unit]["revoked_amount_fen"] += self._amounts.get(said.issue_id, 0)

    def _linked_to_case(self, entry: LedgerEntry) -> None:
        """Each recording once, in the year of its first link, however often it moved."""
        if entry.subject_id not in self._linked:
            self._linked.add(entry.subject_id)
            self._add(entry, "recordings_linked")


_LOOKS: Final[Mapping[str, Callable[[Tally, LedgerEntry], None]]] = {
    "case.opened": Tally._case_opened,
    "case.procedure_stated": Tally._procedure_stated,
    "decision.drafted": Tally._version_stated,
    "decision.changed": Tally._version_stated,
    "decision.issued": Tally._issued,
    "decision.reviewed": Tally._reviewed,
    "decision.committee_sat": Tally._committee_sat,
    "case.transfer_ended": Tally._transfer_ended,
    "publication.published": Tally._publication_published,
    "case.event_entered": Tally._event_entered,
    "case.event_withdrawn": Tally._event_withdrawn,
    "recording.linked": Tally._linked_to_case,
}
ACTIONS: Final = (*COUNTED_ONE_BY_ONE, *_LOOKS)
"""All others say nothing that is counted."""
