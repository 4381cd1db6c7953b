"""What the ledger says of rows that change: who may see what, who is what, where a case stands, what is held.

Each entry is a step that makes a row or changes facts of one. What it has only committed to, such as names and reasons,
is opened by what lies beside the ledger; when it happened is the entry's own time. The secrets behind hashes were never
entered, and are not compared.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from api.verification.openings import commitments_of
from casework.checklists import checklists
from casework.deadlines import calendars, versions
from casework.elements import policies
from casework.link_rows import digest_candidates
from integrity.canonical import Json
from integrity.ledger_entry import LedgerEntry
from storage.catalog.access import AccessRequest, Grant
from storage.catalog.base import Base
from storage.catalog.casework import Case, CaseAssignment, CaseLink, CaseStage, LinkQuestion
from storage.catalog.deadlines import CalendarYear, TermRule
from storage.catalog.elements import ElementPolicy
from storage.catalog.organisation import Person, Unit
from storage.catalog.procedure import RecordingChecklist
from storage.catalog.retention import Hold
from storage.catalog.signin import ApiToken
from storage.catalog.stations import Station, StationCode, StationKey

Facts = dict[str, "Json | Pledge | Moment"]


@dataclass(frozen=True)
class Pledge:
    """A fact that an entry does not state, but has committed to: beside the ledger lies what opens it."""

    entry_id: uuid.UUID
    name: str
    commitment: str


@dataclass(frozen=True)
class Moment:
    """An instant that an entry does not state, because it is its own: row and entry were written in one transaction."""

    at: datetime


@dataclass(frozen=True)
class Step:
    """What an action does to a row, which it names in `named_in` of its data, or as its subject.

    `moves` is the fact that goes `from` one value `to` another, so that no step can be left out unseen. `only`: a fact
    that has to be so, or nothing changes. `named_by` names a row that no id is entered of.
    """

    action: str
    says: Callable[[LedgerEntry], Facts]
    named_in: str | None = None
    makes: bool = False
    moves: str | None = None
    only: tuple[str, Json] | None = None
    named_by: Callable[[LedgerEntry], str] | None = None

    def row_id(self, entry: LedgerEntry) -> str:
        if self.named_by is not None:
            return self.named_by(entry)
        return str(entry.subject_id if self.named_in is None else entry.data.get(self.named_in))

    def changes(self, known: Facts) -> bool:
        return self.only is None or known.get(self.only[0]) == self.only[1]


@dataclass(frozen=True)
class Subject:
    """A table whose rows the ledger accounts for, each under its `id`, or under what `key` makes of it.

    A row that was made under an id and is gone is missed by the audit of the ledger (api/verification/logged.py).
    """

    model: type[Base]
    steps: Sequence[Step]
    key: Callable[[Any], str] | None = None

    def key_of(self, row: Any) -> str:
        return str(row.id) if self.key is None else self.key(row)


@dataclass
class Account:
    """The rows of one table as the entries make them, taken in order; `contradictions` are the ledger's own."""

    subject: Subject
    rows: dict[str, Facts] = field(default_factory=dict)
    contradictions: list[tuple[str, object, object]] = field(default_factory=list)

    def take(self, entry: LedgerEntry) -> None:
        for step in self.subject.steps:
            if step.action == entry.action:
                self._take(step, step.row_id(entry), entry)

    def _take(self, step: Step, row_id: str, entry: LedgerEntry) -> None:
        known = self.rows.get(row_id)
        if step.makes and known is not None:
            self.contradictions.append((row_id, f"{step.action} once", f"again in entry {entry.id}"))
        elif step.makes:
            self.rows[row_id] = step.says(entry)
        elif known is None:
            self.contradictions.append((row_id, "made by an entry", f"{step.action} without one in entry {entry.id}"))
        else:
            if step.moves is not None and known.get(step.moves) != entry.data.get("from"):
                self.contradictions.append((f"{row_id}: {step.moves}", known.get(step.moves), entry.data.get("from")))
            if step.changes(known):
                known |= step.says(entry)


def as_stated(entry: LedgerEntry, *names: str) -> Facts:
    return {name: entry.data[name] for name in names if name in entry.data}


def pledged(entry: LedgerEntry, *names: str, **kept_as: str) -> Facts:
    """What the entry has committed to of these; `kept_as` gives the column of one that it calls otherwise."""
    commitments = commitments_of(entry)
    columns = {name: name for name in names} | kept_as
    return {
        column: Pledge(entry.id, name, str(commitments[name]))
        for column, name in columns.items()
        if name in commitments
    }


def made_at(entry: LedgerEntry, column: str = "created_at") -> Facts:
    return {column: Moment(entry.occurred_at)}


def unit_of(entry: LedgerEntry) -> Json:
    return None if entry.unit_id is None else str(entry.unit_id)


def _requested(entry: LedgerEntry) -> Facts:
    stated = {**as_stated(entry, "case_id", "kind"), **pledged(entry, "purpose"), **made_at(entry, "asked_at")}
    asker: Facts = {"unit_id": unit_of(entry), "person_id": entry.actor_id}
    undecided: Facts = {"state": "pending", "decided_by": None, "decided_at": None, "decision_reason": None}
    return {**stated, **asker, **undecided}


def _decided(state: str) -> Callable[[LedgerEntry], Facts]:
    def says(entry: LedgerEntry) -> Facts:
        by: Facts = {"state": state, "decided_by": entry.actor_id}
        return {**by, **made_at(entry, "decided_at"), **pledged(entry, decision_reason="reason")}

    return says


def _granted(entry: LedgerEntry) -> Facts:
    stated = as_stated(entry, "request_id", "case_id", "person_id", "kind", "expires_at")
    approved: Facts = {"unit_id": unit_of(entry), "approved_by": entry.actor_id, **made_at(entry, "granted_at")}
    return {**stated, **approved, "revoked": None, "revoked_by": None}


def _person_created(entry: LedgerEntry) -> Facts:
    named: Facts = {"badge_number": None, **pledged(entry, "name", "sign_in_name", "badge_number")}
    stated = as_stated(entry, "role", "can_sign_in")
    return {**named, **stated, **made_at(entry), "unit_id": unit_of(entry), "active": True}


def _unit_created(entry: LedgerEntry) -> Facts:
    return {**as_stated(entry, "parent_id"), **pledged(entry, "name", "code"), **made_at(entry)}


def _case_opened(entry: LedgerEntry) -> Facts:
    opened: Facts = {"unit_id": unit_of(entry), "opened_by": entry.actor_id}
    named = {**pledged(entry, "number", "title"), **made_at(entry, "opened_at")}
    stated = {"procedure": "unstated", **as_stated(entry, "kind", "procedure")}
    return {**stated, **named, **opened, "stage": "initiation", "closed": None}


def _stage_entered(entry: LedgerEntry) -> Facts:
    entered: Facts = {"unit_id": unit_of(entry), "case_id": entry.subject_id, "entered_by": entry.actor_id}
    said: Facts = {"from_stage": entry.data.get("from"), "stage": entry.data.get("to", "initiation"), "reason": None}
    return {**entered, **made_at(entry, "entered_at"), **said, **pledged(entry, "reason")}


def _named_stage(entry: LedgerEntry) -> str:
    """Entries of before a case could be led back named no ordinal: four stages were entered once each, in order."""
    once = ("initiation", "investigation", "decision", "execution").index
    ordinal = entry.data["ordinal"] if "ordinal" in entry.data else once(str(entry.data.get("to", "initiation"))) + 1
    return f"of case {entry.subject_id}: {ordinal}"


def _assigned(entry: LedgerEntry) -> Facts:
    nothing: Facts = {"officer": None, "device": None, "latitude": None, "longitude": None}
    stated = as_stated(entry, "stage", "starts_at", "ends_at", "latitude", "longitude")
    of_case: Facts = {"unit_id": unit_of(entry), "case_id": entry.subject_id}
    return {**nothing, **stated, **pledged(entry, "officer", "device"), **of_case}


def _linked(entry: LedgerEntry) -> Facts:
    by_hand = entry.data.get("made_by") == "person"
    linked: Facts = {"recording_id": entry.subject_id, "person_id": entry.actor_id if by_hand else None}
    stated = as_stated(entry, "case_id", "stage", "made_by", "score", "reasons")
    nothing: Facts = {"score": None, "reasons": None, "ended": None, "ended_by": None, "end_reason": None}
    return {**nothing, **stated, **pledged(entry, "reason"), **linked, **made_at(entry), "unit_id": unit_of(entry)}


def _link_asked(entry: LedgerEntry) -> Facts:
    nothing: Facts = {"answered": None, "answered_by": None, "chosen_case_id": None, "reason": None}
    stated = {**as_stated(entry, "cases", "candidates_sha256"), **made_at(entry)}
    return {**nothing, **stated, "recording_id": entry.subject_id, "unit_id": unit_of(entry)}


def _link_answered(entry: LedgerEntry) -> Facts:
    chosen: Facts = {"answered_by": entry.actor_id, "chosen_case_id": entry.data.get("case_id")}
    return {**made_at(entry, "answered"), **chosen, **pledged(entry, "reason")}


def _held(entry: LedgerEntry) -> Facts:
    target: Facts = {"recording_id": None, "case_id": None, f"{entry.subject_kind}_id": entry.subject_id}
    placed: Facts = {"unit_id": unit_of(entry), "placed_by": entry.actor_id, **made_at(entry, "placed_at")}
    unreleased: Facts = {"released": None, "released_by": None, "release_reason": None}
    return {**target, **placed, **pledged(entry, "reason"), **unreleased}


def _station(entry: LedgerEntry) -> Facts:
    nothing: Facts = {"token_hash": None, "certificate_sha256": None, "revoked": None}
    named = {**pledged(entry, "name"), **made_at(entry)}
    return {**nothing, **as_stated(entry, "token_hash"), **named, "unit_id": unit_of(entry)}


def _station_key(entry: LedgerEntry) -> Facts:
    of_station: Facts = {"unit_id": unit_of(entry), "station_id": entry.subject_id, "ended": None}
    return {**as_stated(entry, "public_key"), **made_at(entry), **of_station}


def _station_code(entry: LedgerEntry) -> Facts:
    of_station: Facts = {"unit_id": unit_of(entry), "station_id": entry.subject_id, "used": None}
    return {**as_stated(entry, "code_hash", "expires_at"), **made_at(entry), **of_station}


def _token_created(entry: LedgerEntry) -> Facts:
    stated = {**as_stated(entry, "expires_at", "token_hash"), **pledged(entry, "label"), **made_at(entry)}
    return {**stated, "unit_id": unit_of(entry), "person_id": entry.subject_id, "revoked": None}


def _moved(name: str) -> Callable[[LedgerEntry], Facts]:
    return lambda entry: {name: entry.data.get("to")}


def ended(flag: str, by: str | None = None, reason: str | None = None) -> Callable[[LedgerEntry], Facts]:
    """When, by whom, and why, as far as the row has columns for it."""

    def says(entry: LedgerEntry) -> Facts:
        who: Facts = {} if by is None else {by: entry.actor_id}
        return {
            flag: Moment(entry.occurred_at),
            **who,
            **({} if reason is None else pledged(entry, **{reason: "reason"})),
        }

    return says


SUBJECTS: Sequence[Subject] = (
    Subject(Unit, (Step("unit.created", _unit_created, makes=True),)),
    Subject(
        Person,
        (
            Step("person.created", _person_created, makes=True),
            Step("person.role_changed", _moved("role"), moves="role"),
            Step("person.password_set", lambda _: {"can_sign_in": True}),
            Step("person.deactivated", lambda _: {"active": False}),
        ),
    ),
    Subject(
        AccessRequest,
        (
            Step("access.requested", _requested, makes=True),
            Step("access.granted", _decided("approved"), "request_id"),
            Step("access.request_refused", _decided("refused")),
        ),
    ),
    Subject(
        Grant,
        (
            Step("access.granted", _granted, makes=True),
            Step("access.grant_revoked", ended("revoked", "revoked_by")),
        ),
    ),
    Subject(
        Case,
        (
            Step("case.opened", _case_opened, makes=True),
            Step("case.stage_entered", _moved("stage"), moves="stage"),
            Step("case.stage_returned", _moved("stage"), moves="stage"),
            Step("case.procedure_stated", _moved("procedure"), moves="procedure"),
            Step("case.closed", ended("closed")),
        ),
    ),
    Subject(
        CaseStage,
        (
            Step("case.opened", _stage_entered, makes=True, named_by=_named_stage),
            Step("case.stage_entered", _stage_entered, makes=True, named_by=_named_stage),
            Step("case.stage_returned", _stage_entered, makes=True, named_by=_named_stage),
        ),
        key=lambda row: f"of case {row.case_id}: {row.ordinal}",
    ),
    Subject(CaseAssignment, (Step("case.assigned", _assigned, "assignment_id", makes=True),)),
    Subject(
        CaseLink,
        (
            Step("recording.linked", _linked, "link_id", makes=True),
            Step("recording.unlinked", ended("ended", "ended_by", "end_reason"), "link_id"),
        ),
    ),
    Subject(
        LinkQuestion,
        (
            Step("recording.link_queued", _link_asked, "question_id", makes=True),
            Step("recording.link_answered", _link_answered, "question_id"),
            Step("recording.link_withdrawn", ended("answered"), "question_id"),
        ),
    ),
    Subject(
        Hold,
        (
            Step("hold.placed", _held, "hold_id", makes=True),
            Step("hold.released", ended("released", "released_by", "release_reason"), "hold_id"),
        ),
    ),
    Subject(
        Station,
        (
            Step("station.enrolled", _station, makes=True),
            Step("station.registered", _station, makes=True),
            Step("station.token_replaced", lambda entry: as_stated(entry, "token_hash")),
            Step("station.token_ended", lambda _: {"token_hash": None}),
            Step("station.certificate_bound", lambda entry: as_stated(entry, "certificate_sha256")),
            Step("station.revoked", ended("revoked")),
        ),
    ),
    Subject(
        StationKey,
        (
            Step("station.key_enrolled", _station_key, "key_id", makes=True),
            Step("station.key_ended", ended("ended"), "key_id"),
        ),
    ),
    Subject(
        StationCode,
        (
            Step("station.code_issued", _station_code, "code_id", makes=True),
            Step("station.code_voided", ended("used"), "code_id"),
            Step("station.code_used", ended("used"), "code_id"),
        ),
    ),
    Subject(
        ApiToken,
        (
            Step("token.created", _token_created, "token_id", makes=True),
            Step("token.revoked", ended("revoked"), "token_id"),
        ),
    ),
)


_OF_ITS_SOURCE: Mapping[type[Base], Callable[[Any], bool]] = {
    ElementPolicy: policies.is_of_its_source,
    RecordingChecklist: checklists.is_of_its_source,
    TermRule: versions.is_of_its_source,
    CalendarYear: calendars.is_of_its_source,
}


# Facts that a row keeps under another name, or as something else: a hash, there or not; an end of a span.
KEPT_AS: Mapping[str, Callable[[Any], object]] = {
    "withdrawn": lambda row: row.withdrawn_at,
    "decided": lambda row: row.decided_at,
    "answered": lambda row: row.answered_at,
    "can_sign_in": lambda row: row.password_hash is not None,
    "done": lambda row: row.done_at,
    "revoked": lambda row: row.revoked_at,
    "closed": lambda row: row.closed_at,
    "ended": lambda row: row.ended_at,
    "released": lambda row: row.released_at,
    "used": lambda row: row.used_at,
    "retired": lambda row: row.retired_at,
    "voided": lambda row: row.voided_at,
    "issued_from": lambda row: row.span.lower,
    "valid_from": lambda row: row.valid.lower,
    "finished": lambda row: row.finished_at,
    "in_force": lambda row: row.in_force_at,
    "of_its_source": lambda row: _OF_ITS_SOURCE[type(row)](row),
    "starts_at": lambda row: row.span.lower,
    "ends_at": lambda row: row.span.upper,
    "cases": lambda row: [choice.get("case_id") for choice in row.candidates],
    "candidates_sha256": lambda row: digest_candidates(row.candidates),
    "claimed_sha256": lambda row: row.claims.get("sha256"),
}


def kept_fact(row: Any, name: str) -> object:
    """What a row says of a fact, as it is."""
    return KEPT_AS[name](row) if name in KEPT_AS else getattr(row, name)
