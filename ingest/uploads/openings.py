"""What a creation asks for: read from its request, before anything is reserved."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from ingest.uploads.contract import Opening, StationIdentity, UploadLimits
from ingest.uploads.creation_key import creation_key_of
from ingest.uploads.errors import ContentTypeWrong, LengthUndeclared, NoRoomToOpen, StagingFull, TooLong
from ingest.uploads.expiry import plan_expiry
from ingest.uploads.lengths import plan_length
from ingest.uploads.metadata import parse_metadata
from ingest.uploads.request import Request
from ingest.uploads.staging import Staging


def plan_opening(request: Request, station: StationIdentity, staging: Staging, limits: UploadLimits) -> Opening:
    """The upload that a POST wants, under an id of our own, as soon as its station is known. Raises what is wrong."""
    length, is_deferred = plan_length(request, limits, station.max_waiting_bytes)
    claims = parse_metadata(request.header("upload-metadata") or "")
    if request.has_body and not request.carries_upload_bytes:
        raise ContentTypeWrong
    if (request.body_bytes or 0) > length:
        raise (LengthUndeclared if is_deferred else TooLong)(length, at_creation=True)
    request.checksum()
    key = creation_key_of(request)
    try:
        staging.check_room(length, limits.keep_free_bytes)
    except StagingFull as error:
        raise NoRoomToOpen(length) from error
    expires_at, latest = plan_expiry(limits, datetime.now(UTC))
    return Opening(station, uuid.uuid4().hex, length, claims, expires_at, is_deferred, key, latest, staging.node)
