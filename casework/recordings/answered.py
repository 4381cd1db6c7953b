"""A recording as people have put it right: what it claims and, in the place of that, what somebody answered.

Judging and linking both go by this. Claims stay what they are, and what a recorder's clock said stays its word: an
answer about the time of one recording says when that one was made, and nothing of what else that clock timed.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, Text, cast, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from casework.intervals import LONGEST_RECORDING, Interval
from casework.recordings.places import Place, place_of, place_of_value
from storage.catalog.devices import Device
from storage.catalog.elements import ElementAnswer
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording
from storage.measures import shifted

LINKS_BY: Final = ("officer", "device", "time", "place")
"""The elements that the linker goes by, besides what is said of the case itself."""
GIVEN_WITHIN: Final = timedelta(minutes=1)
"""How exactly a person says when something began."""

Answers = dict[str, ElementAnswer]
Units = Collection[uuid.UUID]


@dataclass(frozen=True)
class Said:
    """What answers say of one recording. `elements`: which of LINKS_BY they name a value of; `case`: spoken of at all.

    An officer without a badge number is known to nobody's roster: then `officer` is None, and the claim counts no more.
    """

    elements: frozenset[str] = frozenset()
    device: str | None = None
    officer: str | None = None
    started_at: datetime | None = None
    place: Place | None = None
    case: bool = False

    def device_or(self, claimed: str | None) -> str | None:
        return (self.device if "device" in self.elements else claimed) or None

    def officer_or(self, claimed: str | None) -> str | None:
        return (self.officer if "officer" in self.elements else claimed) or None


NOTHING: Final = Said()


@dataclass(frozen=True)
class Seen:
    """A recording with what was answered. `device` is a code, `officer` a badge number, `place` in degrees of WGS 84;
    `answered_start` is None unless the time was answered. The rest is `row`'s."""

    row: Recording
    said: Said = NOTHING

    @property
    def id(self) -> uuid.UUID:
        return self.row.id

    @property
    def unit_id(self) -> uuid.UUID:
        return self.row.unit_id

    @property
    def device(self) -> str | None:
        return self.said.device_or(self.row.device)

    @property
    def officer(self) -> str | None:
        return self.said.officer_or(self.row.officer)

    @property
    def answered_start(self) -> datetime | None:
        return self.said.started_at

    @property
    def place(self) -> Place | None:
        return self.said.place or place_of(self.row.latitude, self.row.longitude)


def see(session: Session, recordings: Sequence[Recording]) -> list[Seen]:
    """In their order. The caller has their rows locked if nobody is to answer meanwhile."""
    said = fetch_said(session, [row.id for row in recordings])
    return [Seen(row, said.get(row.id, NOTHING)) for row in recordings]


def latest_answers(session: Session, recording_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Answers]:
    """By recording and element, the answer that counts. No key for what nobody answered."""
    found: dict[uuid.UUID, Answers] = defaultdict(dict)
    rows = select(ElementAnswer).where(ElementAnswer.recording_id.in_(recording_ids)).order_by(ElementAnswer.ordinal)
    for row in session.scalars(rows):
        found[row.recording_id][row.element] = row
    return dict(found)


def fetch_said(session: Session, recording_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Said]:
    """Of those about which anything was answered: one query, and two more where an answer names a device or officer."""
    answers = latest_answers(session, recording_ids) if recording_ids else {}
    codes = _named(session, Device.id, Device.code, answers.values(), "device")
    badges = _named(session, Person.id, Person.badge_number, answers.values(), "officer")
    return {recording_id: _said(each, codes, badges) for recording_id, each in answers.items()}


def start_of(answer: ElementAnswer | None) -> datetime | None:
    """What a time's answer says, in UTC; None where it names none."""
    return None if answer is None or answer.value is None else datetime.fromisoformat(answer.value)


def answered_to_be(units: Units, code: str) -> Select[uuid.UUID]:
    """Recordings of these units that any answer, also one that was corrected, says are of a device of this code."""
    devices = select(cast(Device.id, Text).collate("C")).where(Device.code == code)
    return _answers_of(units, "device").where(ElementAnswer.value.collate("C").in_(devices))


def answered_about(units: Units, windows: Sequence[Interval]) -> Select[uuid.UUID]:
    """Recordings of these units that by any answer, also one that was corrected, may have been made in these times."""
    # Instants are kept in UTC: their order is that of their signs, as the index has it.
    value = ElementAnswer.value.collate("C")
    made = (
        (value >= _kept(shifted(start, -LONGEST_RECORDING))) & (value <= _kept(shifted(end, GIVEN_WITHIN)))
        for start, end in windows
    )
    return _answers_of(units, "time").where(or_(*made))


def _kept(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _answers_of(units: Units, element: str) -> Select[uuid.UUID]:
    return select(ElementAnswer.recording_id).where(ElementAnswer.unit_id.in_(units), ElementAnswer.element == element)


def _said(answers: Answers, codes: Mapping[str, str], badges: Mapping[str, str | None]) -> Said:
    values = {name: answers[name].value for name in LINKS_BY if name in answers}
    device, officer, place = (values.get(name) for name in ("device", "officer", "place"))
    return Said(
        elements=frozenset(name for name, value in values.items() if value is not None),
        device=None if device is None else codes.get(device),
        officer=None if officer is None else badges.get(officer),
        started_at=start_of(answers.get("time")),
        place=None if place is None else place_of_value(place),
        case="case" in answers,
    )


def _named(
    session: Session, column: InstrumentedAttribute[uuid.UUID], name: Any, answers: Iterable[Answers], element: str
) -> dict[str, Any]:
    """What the rows are called that the answers about one element name by their ids."""
    ids = {uuid.UUID(each[element].value) for each in answers if element in each and each[element].value is not None}
    rows = session.execute(select(column, name).where(column.in_(ids))).all() if ids else ()
    return {str(row_id): called for row_id, called in rows}
