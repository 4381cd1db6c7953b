"""Manners of service (送达方式): what each has to say and to show, and from which day it counts."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal

from sqlalchemy.orm import Session

from casework.deadlines.running import Reckoning
from casework.service.errors import PostingUncounted
from integrity.local_time import chinese_day

LEFT: Final = "left"
POSTED: Final = "posted"
LEAVING: Final = "service_left"
"""The act of leaving a document with somebody who refuses it, as the checklists name it."""
POSTING: Final = "posted_service"
"""The term after which a public notice counts: docs/formats/rules.md."""


@dataclass(frozen=True)
class Manner:
    """`needs`: which of receiver, place, carrier and ground have to be written. `proof`: `picture` of the act of
    leaving it; `paper`: a receipt that was made here, or a recording of one; `none`: the ground has to do (S5)."""

    needs: tuple[str, ...]
    proof: Literal["picture", "paper", "none"]
    law: str


MANNERS: Final[Mapping[str, Manner]] = {
    "in_person": Manner(("receiver",), "paper", "民事诉讼法 第八十七条、第八十八条"),
    LEFT: Manner(("place", "ground"), "picture", "民事诉讼法 第八十九条"),
    "mailed": Manner(("carrier",), "paper", "民事诉讼法 第九十一条"),
    "entrusted": Manner(("carrier",), "paper", "民事诉讼法 第九十一条"),
    "electronic": Manner(("carrier", "ground"), "paper", "行政处罚法 第六十一条"),
    POSTED: Manner(("carrier", "ground"), "none", "民事诉讼法 第九十五条"),
}
"""Of the first alone the law asks that somebody signs: what is left is seen, what is mailed has its return slip, what
is sent has reached its system, and what hangs is served by time."""
WRITTEN: Final = ("receiver", "place", "carrier", "ground", "witnesses")


@dataclass(frozen=True)
class Counted:
    """The day on which a service counts, and the version of the terms that says so, where one does."""

    day: date
    rule_id: uuid.UUID | None


def counted(session: Session, unit_id: uuid.UUID, method: str, served_at: datetime) -> Counted:
    """Its own (Chinese) day; of a public notice the last of the days it has to hang. Raises PostingUncounted where no
    rule says so, or one that goes by days off which are not announced."""
    day = chinese_day(served_at)
    if method != POSTED:
        return Counted(day, None)
    found = Reckoning.now(session).compute(unit_id, POSTING, day)
    if found is None:
        raise PostingUncounted(day)
    due, rule_id = found
    if due.unannounced:
        raise PostingUncounted(day)
    return Counted(due.day, rule_id)
