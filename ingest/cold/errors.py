"""What can go wrong with the cold place (docs/cold.md). Each error carries its facts.

IngestError
└── ColdError
    ├── ColdIsStore                 it is the store, the replica, or another archive's store
    ├── ColdIsAnother               objects lie in the former one, and this is not that
    ├── ColdLacksMark               it was begun, and holds nothing of that: its disk is not mounted
    ├── ColdFailing                 it does not work at the moment
    └── RecallsLate                 somebody has waited too long for what he asked for
"""

from __future__ import annotations

from datetime import datetime

from ingest.errors import IngestError


class ColdError(IngestError):
    """Something about the cold place `place`: a folder's path, or a bucket's address."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__(f"{place}: {message}")
        self.place = place


class ColdIsStore(ColdError):
    def __init__(self, place: str) -> None:
        super().__init__(
            place,
            "a ledger or a replica lies there, so it is a store of this archive or of another: name another folder or "
            "bucket for the cold place",
        )


class ColdIsAnother(ColdError):
    """`former`: where the objects are that were moved."""

    def __init__(self, place: str, former: str) -> None:
        super().__init__(
            place,
            f"originals lie in the cold place that was {former}, and this is another one: name that again, or move all "
            "that is in it here, its mark too",
        )
        self.former = former


class ColdLacksMark(ColdError):
    def __init__(self, place: str) -> None:
        super().__init__(place, "the mark of the cold place is not there: mount its disk")


class ColdFailing(ColdError):
    """`failure`: the class of what its store raised."""

    def __init__(self, place: str, failure: str, why: str) -> None:
        super().__init__(place, f"the cold place does not work at the moment ({failure}): {why}")
        self.failure = failure


class RecallsLate(ColdError):
    def __init__(self, place: str, oldest: datetime) -> None:
        super().__init__(
            place,
            f"an original that was asked for at {oldest:%Y-%m-%d %H:%M} UTC is not here yet: raise LIUHEN_COLD_RATE, "
            "and see what the log of worker-cold says",
        )
        self.oldest = oldest
