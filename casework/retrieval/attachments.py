"""Papers (附件) of outsiders: sealed write-once as footage is, with their digest in the entry, before anybody decides.

The request is locked while its paper is sealed. So nobody is at work on what a crash left behind, and it goes.
"""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.papers import PaperUnfit, media_type_of
from casework.permission import require
from casework.retrieval.errors import AlreadyDecided, NotTheAsker, PapersUnusable
from casework.units import line_of
from casework.wording import known_word, required_name
from retention.errors import OutsideUnit, UnknownSubject
from retention.subjects import row_in_unit
from storage.catalog.access import PAPERS, AccessRequest, RequestAttachment
from storage.catalog.organisation import Person
from storage.keystore import KeyStore
from storage.ledger.append import Actor, Change, record_change
from storage.objects.protocol import ObjectStore
from storage.sealed_object import aad_of
from storage.sealing import SealedObject, SealingPlan, read_back, write_sealed

PREFIX = "attachments/"
MOST_A_REQUEST = 10
_KEPT = "permanent"


@dataclass(frozen=True)
class Vault:
    """Where papers are sealed. `work_folder` is private, for a plaintext as long as it is being sealed."""

    store: ObjectStore
    key_store: KeyStore
    work_folder: Path


def file_attachment(
    session: Session, by: Person, vault: Vault, request_id: uuid.UUID, *, kind: str, name: str, content: bytes
) -> RequestAttachment:
    """Hand in a paper of one's own request that nobody has decided on. The caller commits at once.

    Raises WordUnknown, TextUnusable, PapersUnusable, NotTheAsker, AlreadyDecided, UnknownSubject, OutsideUnit,
    RoleNotAllowed, and what store and key store raise; nothing stays stored then.
    """
    require(by, "ask_for_access")
    kind, name = known_word("kind", kind, PAPERS), required_name("name", name)
    try:
        media_type = media_type_of(content)
    except PaperUnfit as error:
        raise PapersUnusable(name, error.problem) from error
    request = row_in_unit(session, by, AccessRequest, request_id, lock=True)
    if request.person_id != by.id:
        raise NotTheAsker(request.id)
    if request.state != "pending":
        raise AlreadyDecided(request.id, request.state, request.decided_at)
    known = attachments_of(session, request.id)
    if len(known) >= MOST_A_REQUEST:
        raise PapersUnusable(name, "too_many")
    _remove_left_behind(vault, request.id, {row.object_name for row in known})
    attachment_id = uuid.uuid4()
    plan = SealingPlan.fresh(f"{_folder_of(request.id)}{attachment_id}", aad_of(attachment_id))
    with _sealed(vault, plan, content) as sealed:
        row = _row(vault, request, attachment_id, plan, sealed)
        row.kind, row.name, row.media_type = kind, name, media_type
        row.filed_by, row.filed_at = by.id, datetime.now(UTC)
        session.add(row)
        session.flush()
        data = {"attachment_id": str(row.id), "kind": kind, "media_type": media_type, "sha256": row.sha256.hex()}
        change = Change("access.attachment_filed", "access_request", str(request.id), row.unit_id, data, {"name": name})
        record_change(session, Actor.person(by.id), change)
        session.flush()
    return row


def attachments_of(session: Session, request_id: uuid.UUID) -> tuple[RequestAttachment, ...]:
    """The papers of a request, in the order in which they were handed in."""
    rows = select(RequestAttachment).where(RequestAttachment.request_id == request_id)
    return tuple(session.scalars(rows.order_by(RequestAttachment.filed_at, RequestAttachment.id)))


def open_attachment(session: Session, by: Person, attachment_id: uuid.UUID) -> RequestAttachment:
    """The paper, for whoever asked, and in the unit or above for those who decide and for auditors; that it was read is
    an entry, which the caller commits before the first byte.

    Raises UnknownSubject, OutsideUnit, RoleNotAllowed.
    """
    row = session.get(RequestAttachment, attachment_id)
    if row is None:
        raise UnknownSubject("request_attachment", attachment_id)
    own = row.filed_by == by.id and by.active
    if not own:
        require(by, "read_papers")
    if by.unit_id not in line_of(session, row.unit_id):
        raise OutsideUnit("request_attachment", attachment_id)
    data = {"attachment_id": str(row.id)}
    change = Change("access.attachment_read", "access_request", str(row.request_id), row.unit_id, data)
    record_change(session, Actor.person(by.id), change)
    return row


def _folder_of(request_id: uuid.UUID) -> str:
    return f"{PREFIX}{request_id}/"


def _remove_left_behind(vault: Vault, request_id: uuid.UUID, known: set[str]) -> None:
    for orphan in set(vault.store.list(_folder_of(request_id))) - known:
        vault.store.delete(orphan)


@contextmanager
def _sealed(vault: Vault, plan: SealingPlan, content: bytes) -> Iterator[SealedObject]:
    """Stored and read back; removed again where what is done with it fails."""
    vault.work_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, path = tempfile.mkstemp(dir=vault.work_folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        sealed = write_sealed(Path(path), vault.store, plan)
    finally:
        Path(path).unlink()
    try:
        read_back(vault.store, plan, sealed)
        yield sealed
    except BaseException:
        vault.store.delete(plan.object_name)
        raise


def _row(
    vault: Vault, request: AccessRequest, attachment_id: uuid.UUID, plan: SealingPlan, sealed: SealedObject
) -> RequestAttachment:
    wrapped = vault.key_store.wrap_data_key(request.unit_id, _KEPT, plan.data_key)
    return RequestAttachment(
        id=attachment_id,
        unit_id=request.unit_id,
        request_id=request.id,
        size_bytes=sealed.digests.size_bytes,
        sha256=sealed.digests.sha256.value,
        object_name=sealed.stored.name,
        ciphertext_size_bytes=sealed.stored.size_bytes,
        ciphertext_sha256=sealed.ciphertext_sha256.value,
        kek_id=wrapped.kek_id,
        wrapped_data_key=wrapped.wrapped,
    )
