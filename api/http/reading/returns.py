"""Returns to superiors as the API shows them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy.orm import Session

from api.http.schema.base import PersonRef
from api.http.schema.returns import (
    ReceiptItem,
    ReturnFigures,
    ReturnItem,
    ReturnUnitFigures,
    ReturnVersionItem,
    SendingItem,
)
from casework.organisation import names_of
from casework.returns.listing import ReturnShown, ReturnVersion, SendingShown
from casework.units import shown_unit

Names = Mapping[uuid.UUID, str]


def return_items(session: Session, shown: Sequence[ReturnShown]) -> list[ReturnItem]:
    names = names_of(session, {person for each in shown for person in people_of(each)})
    return [_item(each, names) for each in shown]


def return_figures(session: Session, shown: ReturnShown, return_id: uuid.UUID) -> ReturnFigures:
    """Of the version of that id."""
    names = names_of(session, set(people_of(shown)))
    version = version_of(shown, return_id)
    return ReturnFigures(
        item=_item(shown, names),
        version=_version(version, names),
        total=dict(version.total),
        units=[
            ReturnUnitFigures(unit_id=each["id"], name=each["name"], depth=each["depth"], figures=each["figures"])
            for each in version.units
        ],
    )


def version_of(shown: ReturnShown, return_id: uuid.UUID) -> ReturnVersion:
    return next(each for each in shown.versions if each.row.id == return_id)


def people_of(shown: ReturnShown) -> Iterator[uuid.UUID]:
    """Whoever did anything about it."""
    for version in shown.versions:
        row = version.row
        yield from (each for each in (row.drawn_up_by, row.checked_by, row.set_aside_by) if each is not None)
        for sending in version.sendings:
            yield sending.row.sent_by
            yield from (each.filed_by for each in sending.receipts)


def _item(shown: ReturnShown, names: Names) -> ReturnItem:
    owed = shown.owed
    return ReturnItem(
        id=None if shown.current is None else shown.current.row.id,
        unit_id=owed.unit.id,
        unit=shown_unit(owed.unit),
        code=owed.kind.code,
        name=owed.kind.name_zh,
        period=owed.period.code,
        first_day=owed.period.first_day,
        last_day=owed.period.last_day,
        due_on=owed.due.day,
        unannounced=list(owed.due.unannounced),
        state=shown.state,
        days_left=shown.days_left,
        sent_on=shown.sent_on,
        corrections=shown.corrections,
        recipients=list(owed.kind.recipients),
        law=list(owed.kind.law),
        rule=f"{owed.rule.jurisdiction} {owed.rule.version}",
        versions=[_version(each, names) for each in shown.versions],
    )


def _version(version: ReturnVersion, names: Names) -> ReturnVersionItem:
    row = version.row
    return ReturnVersionItem(
        id=row.id,
        ordinal=row.ordinal,
        reason=row.reason,
        step=version.step,
        checkpoint_size=row.checkpoint_size,
        checkpoint_root=row.root.hex(),
        drawn_up_by=PersonRef.of(row.drawn_up_by, names),
        drawn_up_at=row.drawn_up_at,
        checked_by=PersonRef.maybe(row.checked_by, names),
        checked_at=row.checked_at,
        set_aside_by=PersonRef.maybe(row.set_aside_by, names),
        set_aside_at=row.set_aside_at,
        set_aside_reason=row.set_aside_reason,
        sent_on=version.sent_on,
        waiting=list(version.waiting),
        sendings=[_sending(each, names) for each in version.sendings],
    )


def _sending(shown: SendingShown, names: Names) -> SendingItem:
    row = shown.row
    return SendingItem(
        id=row.id,
        recipient=row.recipient,
        sent_on=row.sent_on,
        proof=row.proof,
        sent_by=PersonRef.of(row.sent_by, names),
        sent_at=row.sent_at,
        receipts=[
            ReceiptItem(
                id=each.id,
                name=each.name,
                media_type=each.media_type,
                sha256=each.sha256.hex(),
                filed_by=PersonRef.of(each.filed_by, names),
                filed_at=each.filed_at,
            )
            for each in shown.receipts
        ],
    )
