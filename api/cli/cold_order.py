"""What `liuhen cold` was asked for, read and refused before anything is opened."""

from __future__ import annotations

import uuid

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
    return _id("--recall", recording), _id("--grant", grant)


def _id(option: str, text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text.strip())
    except ValueError:
        raise UsageRefused(f"{option} {text} 不是编号", f"{option} {text} is no id") from None
