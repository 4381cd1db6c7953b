"""What can go wrong with making copies, besides what ingest/media/errors.py has.

MediaError
├── NoRoomToWork                    the disk has too little room for a plaintext; it is tried again, ever later
├── RecoveryNotPossible             there is nothing to recover, or the reference chosen for it is none
└── RecoveryUnderWay                its copies are due, or being made: what was asked for comes first
"""

from __future__ import annotations

import uuid

from ingest.media.errors import MediaError


class NoRoomToWork(MediaError):
    """`needed_bytes` come on top of the `reserve_bytes` that uploads, objects and the database have for themselves."""

    def __init__(self, needed_bytes: int, free_bytes: int, reserve_bytes: int) -> None:
        super().__init__(
            f"{needed_bytes} bytes are needed beside {reserve_bytes} of LIUHEN_DISK_RESERVE, {free_bytes} are free; "
            "make room on the disk of the work folder; it is tried again by itself"
        )
        self.needed_bytes = needed_bytes
        self.free_bytes = free_bytes
        self.reserve_bytes = reserve_bytes


class RecoveryNotPossible(MediaError):
    def __init__(self, recording_id: uuid.UUID, why: str) -> None:
        super().__init__(f"recording {recording_id} cannot be recovered so: {why}")
        self.recording_id = recording_id
        self.why = why


class RecoveryUnderWay(MediaError):
    def __init__(self, recording_id: uuid.UUID) -> None:
        super().__init__(f"copies of recording {recording_id} are being made; ask again once that has ended")
        self.recording_id = recording_id
