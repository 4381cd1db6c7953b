"""Whether entries come in the order of the times they claim: one dated back was written later than it says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from api.verification.findings import Findings

LEEWAY = timedelta(hours=1)
"""Longer than a transaction lasts and a clock is put right; what was entered late by less is nobody's lie."""


class TimeOrder:
    """Takes the entries by index. Late ones that follow each other are named together.

    A clock that was once set years ahead must not bury every other finding.
    """

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._latest = datetime.min.replace(tzinfo=UTC) + LEEWAY
        self._late: list[tuple[int, datetime]] = []

    def take(self, index: int, occurred_at: datetime) -> None:
        if occurred_at < self._latest - LEEWAY:
            self._late[1:] = [(index, occurred_at)]
            return
        self.finish()
        self._latest = max(self._latest, occurred_at)

    def finish(self) -> None:
        """Name those that are late so far."""
        if self._late:
            (first, claimed), (last, _) = self._late[0], self._late[-1]
            subject = f"ledger entry {first}" if first == last else f"ledger entries {first} to {last}"
            earliest = (self._latest - LEEWAY).isoformat()
            self._findings.add("entries_out_of_time", subject, f"not before {earliest}", claimed.isoformat())
        self._late = []
