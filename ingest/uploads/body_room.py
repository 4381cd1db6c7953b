"""Room in memory for small bodies that are taken whole: so many bytes for all together, and one body for each upload.

Nobody waits for it. What finds no room goes the long way, which needs none: there a body is asked for when its request
has the upload's lock, and written block by block. So neither many uploads nor many requests for one upload can have
more of their bodies gathered before anything is written.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

WHOLE_BODIES_BYTES = 4 << 20
_PART_IN_COMPANY = 4
"""Of what is left, a body beside others has no more than this part. The room is for the small ones, whose turns are
most of their work: a crowd of larger ones would fill it, and those who find none have their blocks beside."""


class BodyRoom:
    """For the requests of one event loop."""

    def __init__(self, size_bytes: int = WHOLE_BODIES_BYTES) -> None:
        self._left_bytes = size_bytes
        self._uploads: set[str] = set()

    def reservation(self) -> Reservation:
        """A request's, which has taken nothing yet and leaves at the latest with its block."""
        return Reservation(self)

    def take(self, upload_id: str, size_bytes: int) -> bool:
        most_bytes = self._left_bytes // _PART_IN_COMPANY if self._uploads else self._left_bytes
        if size_bytes > most_bytes or upload_id in self._uploads:
            return False
        self._left_bytes -= size_bytes
        self._uploads.add(upload_id)
        return True

    def give_back(self, upload_id: str, size_bytes: int) -> None:
        self._left_bytes += size_bytes
        self._uploads.discard(upload_id)


class Reservation:
    """What one request has of the room."""

    def __init__(self, room: BodyRoom) -> None:
        self._room = room
        self._taken: tuple[str, int] | None = None

    def take(self, upload_id: str, size_bytes: int) -> bool:
        """Whether there is room for its body, and no other body of the upload is there. To be asked once."""
        if self._room.take(upload_id, size_bytes):
            self._taken = upload_id, size_bytes
        return self._taken is not None

    def leave(self) -> None:
        """Nothing of the body is kept any more. Leaving twice is harmless."""
        taken, self._taken = self._taken, None
        if taken is not None:
            self._room.give_back(*taken)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()
