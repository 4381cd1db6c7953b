"""Disagreements with an opinion, sessions of the committee, advisers and transfers, as answers say them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy.orm import Session

from api.http.reading.names import people_named
from api.http.schema.base import CaseRef, PersonRef
from api.http.schema.committee import AdviserItem, TransferItem
from api.http.schema.decisions import AdviceItem, DisagreementItem, SittingItem
from casework.review.disputes import DisputeNow, SittingNow
from storage.catalog.casework import Case
from storage.catalog.review import Adviser, CrimeTransfer

Names = Mapping[uuid.UUID, str]


def describe_dispute(dispute: DisputeNow, names: Names) -> DisagreementItem:
    row = dispute.row
    return DisagreementItem(
        id=row.id,
        review_id=row.review_id,
        reason=row.reason,
        stated_by=PersonRef.of(row.stated_by, names),
        stated_at=row.stated_at,
        sitting=None if dispute.sitting is None else _sitting(dispute.sitting, names),
    )


def people_of_dispute(dispute: DisputeNow) -> Iterator[uuid.UUID]:
    yield dispute.row.stated_by
    if dispute.sitting is not None:
        yield from (dispute.sitting.row.presided_by, dispute.sitting.row.recorded_by, *dispute.sitting.members)


def describe_adviser(row: Adviser) -> AdviserItem:
    return AdviserItem.model_validate(row)


def describe_transfers(session: Session, rows: Iterable[tuple[CrimeTransfer, Case]]) -> list[TransferItem]:
    found = list(rows)
    names = people_named(session, *(person for row, _ in found for person in (row.opened_by, row.ended_by)))
    return [
        TransferItem(
            id=row.id,
            case=CaseRef(id=case.id, number=case.number, title=case.title),
            review_id=row.review_id,
            opened_by=PersonRef.of(row.opened_by, names),
            opened_at=row.opened_at,
            outcome=row.outcome,
            export_id=row.export_id,
            receiver=row.receiver,
            note=row.note,
            ended_by=PersonRef.maybe(row.ended_by, names),
            ended_at=row.ended_at,
        )
        for row, case in found
    ]


def _sitting(each: SittingNow, names: Names) -> SittingItem:
    row = each.row
    plain = ("id", "held_at", "place", "votes_for", "votes_against", "abstentions", "outcome", "minutes", "recorded_at")
    return SittingItem(
        **{name: getattr(row, name) for name in plain},
        presided_by=PersonRef.of(row.presided_by, names),
        recorded_by=PersonRef.of(row.recorded_by, names),
        members=[PersonRef.of(member, names) for member in each.members],
        advice=[
            AdviceItem(adviser_id=adviser.id, name=adviser.name, kind=adviser.kind, advice=said)
            for adviser, said in each.advice
        ],
    )
