"""What the ledger says of rooms: which there are, and who used them when, for which case."""

from __future__ import annotations

from collections.abc import Sequence

from api.verification.steps import Facts, Step, Subject, as_stated, ended, made_at, pledged, unit_of
from integrity.ledger_entry import LedgerEntry
from storage.catalog.rooms import Room, RoomSession


def _room(entry: LedgerEntry) -> Facts:
    stated = {**as_stated(entry, "kind", "in_use_from"), **pledged(entry, "name"), **made_at(entry, "added_at")}
    in_use: Facts = {"closed": None, "closed_by": None, "close_reason": None}
    return {**in_use, **stated, "unit_id": unit_of(entry), "added_by": entry.actor_id}


def _session(entry: LedgerEntry) -> Facts:
    stated = as_stated(entry, "starts_at", "ends_at", "officer_id", "second_officer_id", "case_id", "act_id")
    standing: Facts = {"withdrawn": None, "withdrawn_by": None, "withdraw_reason": None}
    of_room: Facts = {"unit_id": unit_of(entry), "room_id": entry.subject_id, "stated_by": entry.actor_id}
    return {**standing, **stated, **of_room, **made_at(entry, "stated_at")}


ROOM_SUBJECTS: Sequence[Subject] = (
    Subject(
        Room,
        (
            Step("room.added", _room, makes=True),
            Step("room.closed", ended("closed", "closed_by", "close_reason")),
        ),
    ),
    Subject(
        RoomSession,
        (
            Step("room.session_begun", _session, "session_id", makes=True),
            Step("room.session_ended", lambda entry: as_stated(entry, "ends_at"), "session_id"),
            Step("room.session_given_case", lambda entry: as_stated(entry, "case_id", "act_id"), "session_id"),
            Step("room.session_withdrawn", ended("withdrawn", "withdrawn_by", "withdraw_reason"), "session_id"),
        ),
    ),
)
