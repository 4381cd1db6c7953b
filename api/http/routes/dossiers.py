"""舆情应对: dossiers of what may be said of a case when the public asks."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from fastapi.responses import Response

from api.http.api_router import api_router
from api.http.deeds import doing, looking
from api.http.dossier_pdf import dossier_pdf
from api.http.reading.dossiers import dossier_items, people_of, rule_names
from api.http.schema.base import Listed
from api.http.schema.dossiers import DossierItem, NewDossier
from api.http.sessions import SignedIn, TheArchive
from casework.dossiers.making import (
    Asked,
    check_dossier,
    dossier_to_hand_on,
    dossiers_of_case,
    find_dossier,
    make_dossier,
)
from casework.organisation import names_of

router = api_router(tags=["dossiers"])


@router.get("/cases/{case_id}/dossiers", summary="舆情应对材料列表 / Dossiers of a case")
def show_dossiers(case_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> Listed[DossierItem]:
    """The latest first."""
    with looking(archive, viewer) as session:
        return Listed(items=dossier_items(session, dossiers_of_case(session, viewer.person, case_id)))


@router.post("/cases/{case_id}/dossiers", summary="整理舆情应对材料 / Make a dossier", status_code=201)
def make_case_dossier(case_id: uuid.UUID, form: NewDossier, viewer: SignedIn, archive: TheArchive) -> DossierItem:
    """What may be said now, masked as far as the rules know names and numbers; kept as it is. Read it first."""
    with doing(archive, viewer) as session:
        row = make_dossier(session, viewer.person, case_id, Asked(**form.model_dump()), datetime.now(UTC))
        return dossier_items(session, [row])[0]


@router.get("/dossiers/{dossier_id}", summary="一份舆情应对材料 / A dossier")
def show_dossier(dossier_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> DossierItem:
    with looking(archive, viewer) as session:
        return dossier_items(session, [find_dossier(session, viewer.person, dossier_id)])[0]


@router.post("/dossiers/{dossier_id}/check", summary="复核舆情应对材料 / Check a dossier")
def check_made_dossier(dossier_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> DossierItem:
    """By somebody else than its maker, who reviews what the unit publishes: it may be handed on then. Read it first."""
    with doing(archive, viewer) as session:
        return dossier_items(session, [check_dossier(session, viewer.person, dossier_id, datetime.now(UTC))])[0]


@router.get(
    "/dossiers/{dossier_id}/pdf",
    summary="舆情应对材料的 PDF / A dossier as PDF",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}},
)
def send_dossier(dossier_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> Response:
    """To be handed on, once it was checked: persons, officers and files are not named in it."""
    with looking(archive, viewer) as session:
        row = dossier_to_hand_on(session, viewer.person, dossier_id)
        content = dossier_pdf(row, names_of(session, people_of([row])), rule_names(session, "zh"))
    headers = {"Content-Disposition": f"attachment; filename=dossier-{row.id}.pdf", "Cache-Control": "no-store"}
    return Response(content, media_type="application/pdf", headers=headers)
