"""A year counted of entries that are all at hand."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import date

from casework.statistics.tally import Tally
from integrity.ledger_entry import LedgerEntry


def tally_year(entries: Iterable[LedgerEntry], year: int) -> Mapping[uuid.UUID, Mapping[str, int]]:
    """By unit, each figure that is not 0."""
    tally = Tally(date(year, 1, 1), date(year, 12, 31))
    for entry in entries:
        tally.take(entry)
    return tally.counted()
