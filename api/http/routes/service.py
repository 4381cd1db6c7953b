"""How documents of a case were served (送达): whichever document it was, and however."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from api.http.api_router import api_router
from api.http.deeds import doing, looking
from api.http.reading.names import people_named
from api.http.schema.base import Listed, PersonRef, Reason
from api.http.schema.service import NewService, ProofItem, ServiceItem
from api.http.sessions import SignedIn, TheArchive
from api.review_keys import review_keys
from casework.cases import find_cleared_case
from casework.service.papers import acts_of_leaving, proofs_near
from casework.service.proof import proven_services
from casework.service.serving import Served, services_of, state_service, withdraw_service
from casework.wording import known_word
from storage.catalog.service import SERVICE_METHODS, CaseService

router = api_router(tags=["procedure"])


@router.get("/cases/{case_id}/services", summary="送达 / How documents of the case were served")
def show_services(case_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> Listed[ServiceItem]:
    """The withdrawn among them."""
    with looking(archive, viewer) as session:
        case = find_cleared_case(session, viewer.person, case_id)
        return Listed(items=_items(session, services_of(session, case.id)))


@router.get("/cases/{case_id}/service-proofs", summary="可作送达证明的记录 / Recordings that may prove a service")
def show_proofs(
    case_id: uuid.UUID,
    viewer: SignedIn,
    archive: TheArchive,
    method: str = "left",
    at: datetime | None = None,
    act_id: uuid.UUID | None = None,
) -> Listed[ProofItem]:
    """Of the case, those nearest in time to `at` (default: now) first. `act_id`: the act of leaving it."""
    with looking(archive, viewer) as session:
        case = find_cleared_case(session, viewer.person, case_id)
        act = next((each for each in acts_of_leaving(session, case.id) if each.act.id == act_id), None)
        known_word("method", method, SERVICE_METHODS)
        moment = at if at is not None and at.tzinfo is not None else datetime.now(UTC)
        found = proofs_near(session, viewer.person, case, method, moment, act)
        return Listed(
            items=[
                ProofItem(
                    recording_id=each.recording.id,
                    original_name=each.recording.original_name,
                    starts_at=each.starts_at,
                    problem=each.problem,
                )
                for each in found
            ]
        )


@router.post("/cases/{case_id}/services", summary="登记送达 / Say how a document was served", status_code=201)
def make_service(case_id: uuid.UUID, form: NewService, viewer: SignedIn, archive: TheArchive) -> ServiceItem:
    """What makes a decision known is refused with 409 `gate` unless the decision is issued, and its pass stands. The
    term of service of that decision ends by it."""
    served, keys = Served(**form.model_dump()), review_keys(archive.keyring)
    with doing(archive, viewer) as session:
        return _items(session, [state_service(session, viewer.person, case_id, served, keys, datetime.now(UTC))])[0]


@router.post("/case-services/{service_id}/withdraw", summary="撤回送达 / Withdraw a service")
def take_service_back(service_id: uuid.UUID, form: Reason, viewer: SignedIn, archive: TheArchive) -> ServiceItem:
    with doing(archive, viewer) as session:
        return _items(session, [withdraw_service(session, viewer.person, service_id, form.reason)])[0]


def _items(session: Session, rows: Sequence[CaseService]) -> list[ServiceItem]:
    proven = {each.id for found in proven_services(session, {row.case_id for row in rows}).values() for each in found}
    names = people_named(session, *(person for row in rows for person in (row.stated_by, row.withdrawn_by)))
    kept = [name for name in ServiceItem.model_fields if name not in ("counts", "stated_by", "withdrawn_by")]
    return [
        ServiceItem(
            **{name: getattr(row, name) for name in kept},
            counts=row.id in proven,
            stated_by=PersonRef.of(row.stated_by, names),
            withdrawn_by=PersonRef.maybe(row.withdrawn_by, names),
        )
        for row in rows
    ]
