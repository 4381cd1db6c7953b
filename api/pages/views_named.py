"""Whom and what files named, where the queue asks about that: no register knows it, or it was said otherwise later.

The candidates are of the register alone. Without these words nobody could tell which number it does not know, nor what
whoever sent the file again had said.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from api.pages.visit import Visit
from casework.elements.queue import QuestionGroup
from casework.recordings.said_again import Again, fetch_said_again
from storage.catalog.elements import RecordingJudgement
from storage.catalog.recordings import ReceivedAgain

UNKNOWN = {"officer": "officer_unknown", "device": "device_unknown", "act": "act_unknown"}
SAID_OTHERWISE = "said_otherwise"
MOST_LOOKED_AT, MOST_NAMED = 100, 6
"""Of one sheet. Those of one card mostly name the same."""

Key = tuple[uuid.UUID, str]


@dataclass(frozen=True)
class NamedWords:
    """`by_file`: what no register knows; `again`: what was said when the file came again."""

    by_file: tuple[str, ...] = ()
    again: tuple[str, ...] = ()


def named_in(visit: Visit, groups: Sequence[QuestionGroup]) -> dict[str, NamedWords]:
    """Of each group, by its key; of times nothing, which are among the candidates as they were said."""
    asked = [group for group in groups if group.element in UNKNOWN]
    unknown = [group for group in asked if UNKNOWN[group.element] in group.codes]
    otherwise = [group for group in asked if SAID_OTHERWISE in group.codes]
    values = _standing(visit, unknown)
    again = fetch_said_again(visit.session, _ids(otherwise)) if otherwise else {}
    found = {group.key: NamedWords() for group in groups}
    for group in asked:
        by_file = [values.get((each, group.element)) for each in _looked_at(group)] if group in unknown else []
        later = _said_later(again, group) if group in otherwise else []
        found[group.key] = NamedWords(_once(by_file), _once(later))
    return found


def _standing(visit: Visit, groups: Sequence[QuestionGroup]) -> Mapping[Key, str | None]:
    """What the judgement holds for the element of each."""
    if not groups:
        return {}
    columns = [RecordingJudgement.elements[element]["value"].astext for element in UNKNOWN]
    rows = visit.session.execute(
        select(RecordingJudgement.recording_id, *columns).where(RecordingJudgement.recording_id.in_(_ids(groups)))
    )
    return {(row[0], element): row[at] for row in rows for at, element in enumerate(UNKNOWN, 1)}


def _said_later(again: Again, group: QuestionGroup) -> list[str | None]:
    rows: list[ReceivedAgain] = [row for each in _looked_at(group) for row in again.get(each, ())]
    return [getattr(row, group.element) for row in rows if group.element in row.differs]


def _looked_at(group: QuestionGroup) -> list[uuid.UUID]:
    return [recording_id for recording_id, _ in group.recordings[:MOST_LOOKED_AT]]


def _ids(groups: Iterable[QuestionGroup]) -> set[uuid.UUID]:
    return {each for group in groups for each in _looked_at(group)}


def _once(words: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for word in words if word))[:MOST_NAMED]
