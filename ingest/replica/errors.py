"""What can go wrong with the second store (docs/replication.md). Each error carries its facts.

IngestError
└── ReplicaError
    ├── ReplicaIsStore              it is the first one, or another archive's first
    ├── ReplicaLacksMark            it was begun, and holds nothing of that: its disk is not mounted
    ├── ReplicaFailing              it does not work at the moment
    ├── ReplicaBehind               objects have waited too long to be copied to it
    └── ReplicaDamaged              copies in it are not what was sealed, and neither is what they are copies of
"""

from __future__ import annotations

from datetime import datetime

from ingest.errors import IngestError


class ReplicaError(IngestError):
    """Something about the replica at `place`: a folder's path, or a bucket's address."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__(f"{place}: {message}")
        self.place = place


class ReplicaIsStore(ReplicaError):
    def __init__(self, place: str) -> None:
        super().__init__(
            place,
            "a ledger lies there, so it is the store that objects are copied from, or another archive's: name "
            "another folder or bucket for the replica",
        )


class ReplicaLacksMark(ReplicaError):
    """Objects were copied there, and what marks it is gone."""

    def __init__(self, place: str) -> None:
        super().__init__(
            place,
            "the replica's mark is not there: mount its disk; where it is lost for good and this is a new one, "
            "`liuhen replicate --anew` begins again",
        )


class ReplicaFailing(ReplicaError):
    """`failure`: the class of what its store raised."""

    def __init__(self, place: str, failure: str, why: str) -> None:
        super().__init__(place, f"the replica does not work at the moment ({failure}): {why}")
        self.failure = failure


class ReplicaBehind(ReplicaError):
    def __init__(self, place: str, oldest: datetime) -> None:
        super().__init__(
            place,
            f"objects that were recorded since {oldest:%Y-%m-%d %H:%M} UTC are not in the replica yet: raise "
            "LIUHEN_REPLICA_RATE, or run `liuhen replicate`",
        )
        self.oldest = oldest


class ReplicaDamaged(ReplicaError):
    def __init__(self, place: str) -> None:
        super().__init__(
            place, "copies in the replica are lost or damaged, and were not made anew: see docs/replication.md"
        )
