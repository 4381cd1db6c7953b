"""What `liuhen cold` was asked for, read and refused before anything is opened."""

from __future__ import annotations

import uuid

from api.cli.ids import read_id
from api.errors import UsageRefused


def read_recall(recording: str | None, grant: str | None) -> tuple[uuid.UUID, uuid.UUID] | None:
    """The recording and the grant under which its original is to come back; None where neither was named. Raises
    UsageRefused."""
    if recording is None and grant is None:
        return None
    if recording is None or grant is None:
        raise UsageRefused(
            "--recall 与 --grant 须同时给出：调回须有授权",
            "--recall and --grant go together: nobody recalls without one",
        )
    return read_id(recording), read_id(grant)
