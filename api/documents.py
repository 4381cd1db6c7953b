"""Sealing a document: looked at, signed with a key of the key folder and a time stamp, looked at again and kept."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from api.archive import TSA_TIMEOUT_SECONDS, Archive
from api.handover_errors import AuthorityUnpinned
from api.review_keys import review_keys
from api.trust_folder import build_timestamp_trust
from casework.documents.pdf_signature import Stamp, sign_pdf
from casework.documents.sealing import prepare_sealing, record_sealing
from integrity.authority_connection import exchange
from integrity.errors import AuthorityUnreachable
from integrity.timestamp import TimestampTrust
from storage.catalog.documents import SealedDocument
from storage.catalog.organisation import Person


def seal_document(archive: Archive, person: Person, document_id: uuid.UUID) -> SealedDocument:
    """Seal a final document with the seal of its unit, or of the nearest above it that has one.

    No transaction is open while the authority is asked. Without an authority it is sealed without a time stamp; one
    that is named and does not answer leaves it unsealed. Raises what `prepare_sealing` and `record_sealing` do,
    AuthorityUnreachable, TimestampRefused, and what the key folder raises.
    """
    now, keys = datetime.now(UTC), review_keys(archive.keyring)
    with archive.database.reading() as session:
        prepared = prepare_sealing(session, person, document_id, now, keys)
    key = archive.seal_keys.load(prepared.seal_id)
    pdf = sign_pdf(prepared, key, _stamp(archive))
    with archive.database.transaction() as session:
        return record_sealing(session, person, prepared, pdf, datetime.now(UTC), _trust(archive), keys)


def _stamp(archive: Archive) -> Stamp | None:
    urls = archive.settings.tsa_urls
    if not urls:
        return None

    def ask(request: bytes) -> bytes:
        *others, last = urls
        for url in others:
            try:
                return exchange(url, request, TSA_TIMEOUT_SECONDS)
            except AuthorityUnreachable:
                continue
        return exchange(last, request, TSA_TIMEOUT_SECONDS)

    return ask


def _trust(archive: Archive) -> TimestampTrust | None:
    try:
        return build_timestamp_trust(archive)
    except AuthorityUnpinned:
        return None
