"""Tables of devices, issues and certificates: tried first, then taken as a whole or not at all."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Query, Request

from api.http.api_router import api_router
from api.http.deeds import doing
from api.http.reading.scope import require_in_tree
from api.http.schema.imports import ImportResult, Kind
from api.http.sessions import SignedIn, TheArchive, language_of
from api.http.station_requests import read_body
from casework.register.imports import ImportAt, import_table

router = api_router(tags=["devices"])
_CSV = {"requestBody": {"content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}}}}


@router.post("/register-imports", summary="导入设备、配发或执法证表格 / Take a table", openapi_extra=_CSV)
def take_table(
    viewer: SignedIn,
    archive: TheArchive,
    request: Request,
    content: Annotated[bytes, Depends(read_body)],
    kind: Kind,
    trial: Annotated[bool, Query(description="只试读，不更改 / only say what would become of it")] = False,
    unit: Annotated[uuid.UUID | None, Query(description="设备所属单位 / whose the devices are")] = None,
) -> ImportResult:
    """CSV in UTF-8 or GBK, its first line naming the columns. With a single bad row nothing is changed."""
    unit_id = unit or viewer.person.unit_id
    with doing(archive, viewer) as session:
        require_in_tree(session, viewer.person, unit_id)
        at = ImportAt(unit_id, datetime.now(UTC))
        outcome = import_table(session, viewer.person, kind, content, at, trial=trial)
        return ImportResult.of(kind, outcome, language_of(request))
