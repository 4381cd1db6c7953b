"""What was said each time a file came again: its row is what the entry states and has committed to.

An entry of before there were such rows does not say in what it differed: it made none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from api.verification.audit import Audit
from api.verification.rows import as_entered, check_rows, name_contradictions
from api.verification.steps import Account, Facts, Moment, Step, Subject, as_stated, pledged
from ingest.metadata.claims import Claims, claims_of_row
from ingest.sealing.received_again import words_of_people
from integrity.ledger_entry import LedgerEntry
from storage.catalog.recordings import ReceivedAgain, Recording
from storage.catalog.uploads import Upload

AGAIN = "recording.received_again"


def _said(entry: LedgerEntry) -> Facts:
    return {
        "recording_id": entry.data.get("recording"),
        "station_id": entry.data.get("station"),
        "recorded_at": Moment(entry.occurred_at),
        **as_stated(entry, "differs"),
        **pledged(entry, original_name="name", claims_text="claims"),
    }


REPEATS = Subject(ReceivedAgain, (Step(AGAIN, _said, makes=True),), key=lambda row: str(row.upload_id))


def check_repeats(audit: Audit, session: Session, uploads: Sequence[Upload], entries: Iterable[LedgerEntry]) -> None:
    """Of these uploads, all about which there are `entries`: each repeat's row, and that none is gone."""
    account = Account(REPEATS)
    for entry in entries:
        if entry.action == AGAIN and "differs" in entry.data:
            account.take(entry)
    name_contradictions(audit, account)
    of_page = {upload.id: upload for upload in uploads}
    rows = session.scalars(select(ReceivedAgain).where(ReceivedAgain.upload_id.in_(of_page))).all()
    check_rows(audit, session, rows, account)
    for missing in sorted(account.rows.keys() - {row.upload_id for row in rows}):
        audit.findings.add("logged_row_missing", f"received_again {missing}", "a row, says the ledger", "none")
    if rows:
        _check_what_follows(audit, session, rows, of_page)


def check_no_others(audit: Audit) -> None:
    """Of every repeat there is the upload: the rows of those that there are were looked at with them."""
    without = select(ReceivedAgain.upload_id).where(~exists().where(Upload.id == ReceivedAgain.upload_id))
    with audit.archive.database.reading() as session:
        for upload_id in session.scalars(without.order_by(ReceivedAgain.upload_id)):
            audit.findings.add("row_unaccounted", f"received_again {upload_id}", "an upload of this id", "none")


def _check_what_follows(
    audit: Audit, session: Session, rows: Sequence[ReceivedAgain], uploads: Mapping[str, Upload]
) -> None:
    """What is asked about, and of whom it is seen, follows from claims, upload and recording."""
    named = select(Recording.id, Recording.unit_id).where(Recording.id.in_({row.recording_id for row in rows}))
    units = {row.id: row.unit_id for row in session.execute(named)}
    for row in rows:
        said = _claims_of(row)
        expected: dict[str, object] = {
            "unit_id": units.get(row.recording_id),
            "received_at": uploads[row.upload_id].finished_at,
            **({} if said is None else asdict(words_of_people(said))),
        }
        for name, wanted in expected.items():
            follows, kept = as_entered(wanted), as_entered(getattr(row, name))
            if follows != kept:
                audit.findings.add("row_differs", f"received_again {row.upload_id}: {name}", follows, kept)


def _claims_of(row: ReceivedAgain) -> Claims | None:
    """None where they are none that we ever wrote: that they are not what was committed to is found by itself."""
    try:
        return claims_of_row(row.claims)
    except (LookupError, TypeError):
        return None
