"""The linker: finds recordings' cases by officer, device, time and place. Never guesses.

It looks at a recording once, and again when new facts touch it; it goes by what people have answered of it, else by its
claims. Only a clear single case is linked, the rest is asked.
Where a person has said where a recording belongs (linked it, unlinked it, answered what its case is), the linker keeps
out; and it never ends a link, its own neither: a hold, a grant, a retention may hang on it (decisions/0008).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from itertools import chain

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from casework.linking.candidates import best_of_each, clear_one, find_candidates
from casework.linking.clock_news import ask_about_shifts
from casework.linking.locks import join_devices, join_linking
from casework.linking.looks import AGAIN, BY_PERSON, LINKED, NO_CASE, NO_DATA, QUESTION
from casework.linking.observation import observe, reach_of
from casework.linking.rows import add_window_link, ask_which_case, note_outcomes, withdraw_question
from casework.linking.surroundings import Decided, Surroundings, look_around
from casework.recordings.answered import Seen, see
from casework.recordings.said_again import see_otherwise
from storage.catalog.casework import LinkingDone
from storage.catalog.recordings import Recording
from storage.set_aside import LINKING, is_set_aside

_LOOKED_AT = LinkingDone.recording_id == Recording.id
_NOT_SET_ASIDE = ~is_set_aside(LINKING, Recording.id)


def find_due(session: Session, limit: int, sealed_after: datetime | None = None) -> list[Recording]:
    """Up to `limit` recordings that are due, oldest first, their rows locked; none that were set aside.

    Due is what new facts touched, and what was never looked at; the latter only if sealed after `sealed_after`: to find
    it among all that was ever sealed means to go through all of that. Recordings that another worker is looking at are
    skipped.
    """
    rows = list(session.scalars(_locked(_touched().where(_NOT_SET_ASIDE), limit)))
    if len(rows) < limit:
        new = _new().where(_NOT_SET_ASIDE)
        if sealed_after is not None:
            new = new.where(Recording.sealed_at > sealed_after)
        rows += session.scalars(_locked(new, limit - len(rows)))
    return rows


def find_due_still(session: Session, recording_id: uuid.UUID) -> list[Recording]:
    """This one, its row locked, set aside or not; nothing where it is due no more. Waits for who is looking at it."""
    for due in (_touched(), _new()):
        of_this = due.where(Recording.id == recording_id).with_for_update(of=Recording, key_share=True)
        if rows := list(session.scalars(of_this)):
            return rows
    return []


def _touched() -> Select[Recording]:
    return select(Recording).join(LinkingDone, _LOOKED_AT).where(LinkingDone.outcome == AGAIN)


def _new() -> Select[Recording]:
    return select(Recording).where(~select(LinkingDone.recording_id).where(_LOOKED_AT).exists())


def _locked(recordings: Select[Recording], limit: int) -> Select[Recording]:
    first = recordings.order_by(Recording.sealed_at, Recording.id).limit(limit)
    return first.with_for_update(of=Recording, skip_locked=True, key_share=True)


def look_at(session: Session, recordings: Sequence[Recording]) -> list[str]:
    """The outcomes. The recordings' rows are locked; what they are judged by is fetched once nobody can change it.

    There is none for what another worker finished while this one waited for the locks: what that one found stands.
    """
    seen = see(session, recordings)
    otherwise = see_otherwise(session, seen)
    both = [*seen, *chain.from_iterable(otherwise.values())]
    join_devices(session, both)
    join_linking(session, {recording.unit_id for recording in recordings})
    around = look_around(session, both, reach_of)
    due = [each for each in seen if around.decided[each.id].outcome in (None, AGAIN)]
    new = [each for each in due if around.decided[each.id].outcome is None]
    outcomes = [
        (each.row, _look(session, each, otherwise.get(each.id, ()), around, around.decided[each.id])) for each in due
    ]
    note_outcomes(session, outcomes)
    ask_about_shifts(session, new, around)
    return [outcome for _, outcome in outcomes]


def _look(session: Session, recording: Seen, otherwise: Sequence[Seen], around: Surroundings, decided: Decided) -> str:
    """`otherwise`: by what was said of it again. While nobody has said whose word is right, no word links."""
    if decided.by_person or recording.said.case:
        return BY_PERSON
    observed = observe(recording, around)
    standing = {link.case_id for link in decided.links}
    works = around.works.get(recording.unit_id, ())
    views = [view for view in (observed, *(observe(each, around) for each in otherwise)) if view is not None]
    candidates = best_of_each([find_candidates(view, works, standing) for view in views])
    clear = None if otherwise else clear_one(candidates)
    # What it was linked by turned out wrong, by an answer or a register: nothing speaks any more for where it stands.
    refuted = bool(standing) and not candidates
    if (clear is None and candidates) or (clear is not None and standing - {clear.case_id}) or refuted:
        ask_which_case(session, recording.row, candidates, decided.links, decided.question)
        return QUESTION
    if not views:
        return NO_DATA
    if decided.question is not None:
        withdraw_question(session, decided.question)
    if clear is not None and not standing:
        add_window_link(session, recording.row, clear)
    return LINKED if clear is not None or standing else NO_CASE
