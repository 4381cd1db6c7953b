"""Uploads opened from code that has no event loop: one runs for each call, as long as that takes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ingest.errors import RequestRefused
from ingest.uploads.contract import Opening, UploadRecord, UploadRegister


def open_together(register: UploadRegister, openings: Sequence[Opening]) -> Sequence[UploadRecord | RequestRefused]:
    async def opened() -> Sequence[UploadRecord | RequestRefused]:
        return await register.open_uploads(openings)

    return asyncio.run(opened())


def open_upload(register: UploadRegister, opening: Opening) -> UploadRecord:
    """One alone. Raises the refusal that `open_uploads` returns."""
    (opened,) = open_together(register, [opening])
    if isinstance(opened, RequestRefused):
        raise opened
    return opened
