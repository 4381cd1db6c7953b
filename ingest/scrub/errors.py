"""What scrubbing finds wrong (docs/scrub.md). Each error carries its facts.

IngestError
├── ObjectsDamaged                  stored objects are not what was sealed: a person must look
└── ScrubBehind                     stored objects were not looked at for too long
"""

from __future__ import annotations

from datetime import datetime

from ingest.errors import IngestError


class ObjectsDamaged(IngestError):
    """Stored objects were found not to be what was sealed, and not to be whole again (docs/scrub.md)."""

    def __init__(self, objects: int) -> None:
        super().__init__(
            f"{objects} stored objects are lost or damaged: `liuhen scrub` names them, docs/scrub.md says more"
        )
        self.objects = objects


class ScrubBehind(IngestError):
    """A stored object was not looked at for longer than two rounds."""

    def __init__(self, oldest: datetime) -> None:
        super().__init__(
            f"a stored object was last looked at on {oldest:%Y-%m-%d}: raise LIUHEN_SCRUB_RATE, or run `liuhen scrub`"
            " at night"
        )
        self.oldest = oldest
