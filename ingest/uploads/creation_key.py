"""Idempotency-Key: what a station calls a creation before it asks for it, so that a lost answer opens nothing twice.

A POST whose answer is lost has opened an upload that nobody knows: it keeps its reservation until it expires, and the
station opens another. Under a key the second POST is told of the first one's upload, for as long as that lives: neither
expired nor terminated. A client that sends none opens a new upload each time, as before.

The header is that of draft-ietf-httpapi-idempotency-key-header: a string in double quotes, here of 16 to 64 characters
of `[A-Za-z0-9_-]`. The quotes may be left out.
"""

from __future__ import annotations

import re

from ingest.uploads.contract import Opening, UploadRecord
from ingest.uploads.errors import CreationKeyReused, RequestMalformed
from ingest.uploads.request import Request

HEADER = "idempotency-key"
_KEY = re.compile(r'(?P<quote>"?)(?P<key>[A-Za-z0-9_-]{16,64})(?P=quote)')


def creation_key_of(request: Request) -> str | None:
    """None where the request has none. Raises RequestMalformed."""
    value = request.header(HEADER)
    if value is None:
        return None
    match = _KEY.fullmatch(value.strip())
    if match is None:
        raise RequestMalformed(
            "Idempotency-Key",
            "应为 16 至 64 个字母、数字、连字符或下划线",
            "must be 16 to 64 letters, digits, hyphens or underscores",
        )
    return match["key"]


def check_same_creation(opening: Opening, opened: UploadRecord) -> None:
    """That a repeated key speaks of the same bytes: of the same length, and the same claimed digest.

    The other claims stay as they were first made. Of a length that was deferred nothing is compared: it may have been
    declared since. Raises CreationKeyReused.
    """
    same_length = opening.length_is_deferred or (
        opened.declared_length == opening.declared_length and not opened.length_is_deferred
    )
    if not same_length or opened.claims.sha256 != opening.claims.sha256:
        raise CreationKeyReused(opened.upload_id)
