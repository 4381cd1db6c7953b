"""What begins in a unit, by its entry: after a unit was merged none of it does, and it is merged on no earlier day."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from integrity.local_time import chinese_day
from storage.catalog.ledger import LedgerEntryRow

BEGINNINGS: Final = (
    "adviser.added",
    "case.opened",
    "certificate.added",
    "device.added",
    "device.moved",
    "file_review.announced",
    "issuer.named",
    "person.created",
    "person.moved",
    "post.named",
    "publication.duty_named",
    "reviewer.qualified",
    "room.added",
    "seal.registered",
    "station.enrolled",
    "station.moved",
    "station.registered",
    "upload.created",
)
"""Of nothing of this is there an entry after that of the unit's end."""
DONE_IN_ITS_NAME: Final = ("decision.issued", "document.numbered")
"""Goes on in its cases after its end, in the successor's name and by its people."""


def latest_beginning(session: Session, unit_id: uuid.UUID) -> date | None:
    """The (Chinese) day of the latest of them, in the unit and while it is not merged."""
    latest: date | None = None
    for action in (*BEGINNINGS, *DONE_IN_ITS_NAME):  # each off the index of its action, from its end
        of_action = select(LedgerEntryRow.occurred_at).where(LedgerEntryRow.action == action)
        of_unit = of_action.where(LedgerEntryRow.unit_id == unit_id).order_by(LedgerEntryRow.serial.desc()).limit(1)
        at = session.scalar(of_unit)
        if at is not None:
            latest = max(latest or chinese_day(at), chinese_day(at))
    return latest
