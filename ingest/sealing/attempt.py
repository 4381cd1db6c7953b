"""The attempt: everything that decides the ciphertext's bytes, committed before the first of them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ingest.sealing.due import DueUpload, require_lease
from ingest.sealing.errors import AttemptHeldElsewhere, ClaimedDigestDiffers, PlaintextChanged
from ingest.sealing.parts import Custody
from ingest.sealing.steps import step
from integrity.digest import ContentDigests, Digest
from retention.classes import retain_until_at_sealing
from retention.disposal import disposal_month
from storage.catalog.recordings import CustodyAttempt
from storage.keystore import WrappedKey
from storage.sealed_object import aad_of
from storage.sealing import SealingPlan


@dataclass(frozen=True)
class Attempt:
    """`plaintext_sha256` is None until one full read has fixed it."""

    recording_id: uuid.UUID
    plan: SealingPlan
    wrapped_key: WrappedKey
    retain_until: date | None
    plaintext_sha256: Digest | None


@step
def begin_attempt(upload: DueUpload, custody: Custody) -> Attempt:
    """The upload's attempt, made once and found again by every repeat.

    As long as no full read has fixed the plaintext, no object can have been committed; then a repeat takes a new key,
    so that whatever the first run wrote in vain shares neither key nor nonce with what comes. Raises
    AttemptHeldElsewhere.
    """
    retain_until = retain_until_at_sealing(upload.finished_at)
    with custody.database.transaction() as session:
        require_lease(session, upload)
        row = session.scalars(select(CustodyAttempt).where(CustodyAttempt.upload_id == upload.id)).first()
        if row is None or row.plaintext_sha256 is None:
            row = _renew_attempt(session, row, upload, retain_until, custody)
        wrapped = WrappedKey(row.kek_id, row.wrapped_data_key)
        return Attempt(
            recording_id=row.recording_id,
            plan=SealingPlan(
                object_name=row.object_name,
                data_key=custody.key_store.unwrap_data_key(wrapped),
                salt=row.salt,
                nonce_prefix=row.nonce_prefix,
                aad=aad_of(row.recording_id),
            ),
            wrapped_key=wrapped,
            retain_until=retain_until,
            plaintext_sha256=None if row.plaintext_sha256 is None else Digest("sha256", row.plaintext_sha256),
        )


def _renew_attempt(
    session: Session, row: CustodyAttempt | None, upload: DueUpload, retain_until: date | None, custody: Custody
) -> CustodyAttempt:
    if row is None:
        recording_id = uuid.uuid4()
        row = CustodyAttempt(
            recording_id=recording_id,
            upload_id=upload.id,
            unit_id=upload.unit_id,
            object_name=f"originals/{upload.finished_at:%Y/%m}/{recording_id}",
        )
        session.add(row)
    fresh = SealingPlan.fresh(row.object_name, aad_of(row.recording_id))
    wrapped = custody.key_store.wrap_data_key(upload.unit_id, disposal_month(retain_until), fresh.data_key)
    row.kek_id, row.wrapped_data_key = wrapped.kek_id, wrapped.wrapped
    row.salt, row.nonce_prefix = fresh.salt, fresh.nonce_prefix
    return row


def fix_plaintext(upload: DueUpload, attempt: Attempt, digests: ContentDigests, custody: Custody) -> None:
    """Hold the bytes against the station's claim and every earlier read, and make this read the one that counts.

    Raises ClaimedDigestDiffers, PlaintextChanged, or AttemptHeldElsewhere when another worker has the upload by
    now: then nothing of what was written under this attempt's key ever becomes visible.
    """
    found = digests.sha256
    claimed = upload.claims.get("sha256")
    if claimed is not None and str(claimed).lower() != found.hex:
        raise ClaimedDigestDiffers(upload.id, "sha256", str(claimed), found.hex)
    with custody.database.transaction() as session:
        require_lease(session, upload)
        session.execute(
            update(CustodyAttempt)
            .where(CustodyAttempt.upload_id == upload.id, CustodyAttempt.plaintext_sha256.is_(None))
            .where(CustodyAttempt.salt == attempt.plan.salt)
            .values(plaintext_sha256=found.value)
        )
        row = session.scalars(select(CustodyAttempt).where(CustodyAttempt.upload_id == upload.id)).one()
        if row.salt != attempt.plan.salt:
            raise AttemptHeldElsewhere(upload.id)
        if row.plaintext_sha256 != found.value:
            raise PlaintextChanged(upload.id, (row.plaintext_sha256 or b"").hex(), found.hex)
