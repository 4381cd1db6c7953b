"""Verifying the live archive on request."""

from __future__ import annotations

import threading

from api.http.api_router import api_router
from api.http.deeds import doing, looking
from api.http.errors import VerificationBusy
from api.http.reading.scope import require_reader_of_all
from api.http.schema.ledger import Verification, Verified
from api.http.sessions import SignedIn, TheArchive
from storage.entering import showing_whole
from storage.ledger.append import Actor, Change, record_change

router = api_router(prefix="/ledger", tags=["ledger"])

# It reads everything there is: twice at once would only be slower.
_at_work = threading.Lock()


@router.post("/verify", summary="立即核验 / Verify the archive now")
def verify(form: Verification, viewer: SignedIn, archive: TheArchive) -> Verified:
    """Store, rows and ledger held against each other and against what was signed; that it was done is an entry.

    For auditors of the topmost unit: what is found may be of any.
    """
    # Fifty modules that nothing else here has a use for: they come into a process when somebody first asks.
    from api.verification import verify_archive

    with looking(archive, viewer) as session:
        require_reader_of_all(session, viewer.person, "verify_the_archive")
    if not _at_work.acquire(blocking=False):
        raise VerificationBusy
    try:
        with showing_whole():
            report = verify_archive(archive, form.sample)
    finally:
        _at_work.release()
    size = 0 if report.checkpoint is None else report.checkpoint.size
    data = {"holds": report.holds, "ledger_size": size, "findings": sum(report.findings_by_code.values())}
    person = viewer.person
    with doing(archive, viewer) as session:
        change = Change("archive.verified", "archive", archive.keyring.origin.rpartition("/")[2], person.unit_id, data)
        record_change(session, Actor.person(person.id), change)
    return Verified(holds=report.holds, report=report.to_json())
