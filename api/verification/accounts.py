"""What the ledger says of rows that change: who is what, where a case stands, what is held.

The secrets behind hashes were never entered, and are not compared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from api.verification.steps import (
    Facts,
    Moment,
    Step,
    Subject,
    as_stated,
    ended,
    made_at,
    pledged,
    unit_of,
)
from integrity.ledger_entry import LedgerEntry
from storage.catalog.casework import Case, CaseAssignment, CaseLink, CaseStage, LinkQuestion
from storage.catalog.organisation import Person, Unit
from storage.catalog.retention import Hold
from storage.catalog.signin import ApiToken
from storage.catalog.stations import Station, StationCode, StationKey


def _person_created(entry: LedgerEntry) -> Facts:
    named: Facts = {"badge_number": None, **pledged(entry, "name", "sign_in_name", "badge_number")}
    stated = as_stated(entry, "role", "can_sign_in")
    return {**named, **stated, **made_at(entry), "unit_id": unit_of(entry), "active": True}


def _unit_created(entry: LedgerEntry) -> Facts:
    going_on: Facts = dict.fromkeys(("ended_on", "ended_into", "parent_before", "end_ground", "ended"))
    return {**going_on, **as_stated(entry, "parent_id"), **pledged(entry, "name", "code"), **made_at(entry)}


def _unit_ended(entry: LedgerEntry) -> Facts:
    stated = as_stated(entry, "ended_on", "ended_into", "parent_id", "parent_before")
    return {**stated, **pledged(entry, "end_ground"), "ended": Moment(entry.occurred_at)}


def moved(entry: LedgerEntry) -> Facts:
    """To the unit that the entry is of: with its own, which was merged."""
    return {"unit_id": unit_of(entry)}


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
    nothing: Facts = {"officer": None, "device": None, "latitude": None, "longitude": None, "replaced_by": None}
    standing: Facts = {"withdrawn": None, "withdrawn_by": None, "withdraw_reason": None}
    stated = as_stated(entry, "stage", "starts_at", "ends_at", "latitude", "longitude")
    of_case: Facts = {"unit_id": unit_of(entry), "case_id": entry.subject_id}
    return {**nothing, **standing, **stated, **pledged(entry, "officer", "device"), **of_case}


def _assignment_withdrawn(entry: LedgerEntry) -> Facts:
    by: Facts = {"withdrawn_by": entry.actor_id if entry.actor_kind == "person" else None}
    return {**ended("withdrawn", reason="withdraw_reason")(entry), **by, **as_stated(entry, "replaced_by")}


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
    nothing |= {"max_uploads": None, "max_waiting_bytes": None}
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


SUBJECTS: Sequence[Subject] = (
    Subject(Unit, (Step("unit.created", _unit_created, makes=True), Step("unit.ended", _unit_ended))),
    Subject(
        Person,
        (
            Step("person.created", _person_created, makes=True),
            Step("person.role_changed", _moved("role"), moves="role"),
            Step("person.password_set", lambda _: {"can_sign_in": True}),
            Step("person.deactivated", lambda _: {"active": False}),
            Step("person.moved", moved, moves="unit_id"),
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
    Subject(
        CaseAssignment,
        (
            Step("case.assigned", _assigned, "assignment_id", makes=True),
            Step("case.assignment_withdrawn", _assignment_withdrawn, "assignment_id"),
        ),
    ),
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
            Step("station.limits_set", lambda entry: as_stated(entry, "max_uploads", "max_waiting_bytes")),
            Step("station.revoked", ended("revoked")),
            Step("station.moved", moved, moves="unit_id"),
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
