"""Officers' certificates (执法证): who is certified, and until when."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Query

from api.archive import Archive
from api.http.api_router import api_router
from api.http.deeds import doing, looking
from api.http.paging import Wanted, listed_each
from api.http.schema.base import Listed, Reason
from api.http.schema.register import CertificateItem, NewCertificate
from api.http.sessions import SignedIn, TheArchive
from casework.register.certificates import add_certificate, state_of, void_certificate
from casework.register.people import find_officer
from casework.register.reading import CertificateShown, list_certificates
from integrity.local_time import chinese_day
from storage.catalog.organisation import Person

router = api_router(tags=["certificates"])
RunningOut = Annotated[bool, Query(description="仅需换证的人员 / only of people who need another")]


@router.get("/certificates", summary="执法证列表 / List certificates")
def show_certificates(
    viewer: SignedIn,
    archive: TheArchive,
    page: Wanted,
    person: Annotated[uuid.UUID | None, Query(description="人员 / of one person")] = None,
    running_out: RunningOut = False,
) -> Listed[CertificateItem]:
    """The latest entered first, the voided among them."""
    today, soon = chinese_day(datetime.now(UTC)), _soon(archive)
    with looking(archive, viewer) as session:
        found = list_certificates(
            session,
            viewer.person,
            person_id=person,
            over_by=today + soon if running_out else None,
            after=page.after,
            limit=page.limit,
        )
        return listed_each(found, lambda shown: _item(archive, shown))


@router.post("/certificates", summary="登记执法证 / Add a certificate", status_code=201)
def make_certificate(form: NewCertificate, viewer: SignedIn, archive: TheArchive) -> CertificateItem:
    """Refused when the number is somebody's on some of these days, with his name."""
    with doing(archive, viewer) as session:
        officer = find_officer(session, viewer.person, form.officer)
        row = add_certificate(
            session,
            viewer.person,
            officer.id,
            number=form.number,
            valid_from=form.valid_from,
            last_day=form.last_day,
        )
        return _item(archive, CertificateShown(row, officer))


@router.post("/certificates/{certificate_id}/void", summary="执法证登记作废 / Void one entered by mistake")
def void(certificate_id: uuid.UUID, form: Reason, viewer: SignedIn, archive: TheArchive) -> CertificateItem:
    with doing(archive, viewer) as session:
        row = void_certificate(session, viewer.person, certificate_id, form.reason, datetime.now(UTC))
        return _item(archive, CertificateShown(row, session.get_one(Person, row.person_id)))


def _item(archive: Archive, shown: CertificateShown) -> CertificateItem:
    return CertificateItem.of(shown, state_of(shown.certificate, chinese_day(datetime.now(UTC)), _soon(archive)))


def _soon(archive: Archive) -> timedelta:
    return timedelta(days=archive.settings.certificate_warning_days)
