"""Uploads opened from code that has no event loop: one runs for each call, as long as that takes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ingest.uploads.contract import Opening, UploadRecord, UploadRegister
from ingest.uploads.errors import UploadRefused


def open_together(register: UploadRegister, openings: Sequence[Opening]) -> Sequence[UploadRecord | UploadRefused]:
    async def opened() -> Sequence[UploadRecord | UploadRefused]:
        return await register.open_uploads(openings)

    return asyncio.run(opened())


def open_upload(register: UploadRegister, opening: Opening) -> UploadRecord:
    """One alone. Raises the refusal that `open_uploads` returns."""
    (opened,) = open_together(register, [opening])
    if isinstance(opened, UploadRefused):
        raise opened
    return opened
