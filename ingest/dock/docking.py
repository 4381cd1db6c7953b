"""One card put in once: the docking, by which the archive is told what came off one recorder (grouping.py).

Neither a place nor a serial number names a recorder: one card reader takes many cards a day, and cheap recorders give
every card the same serial. What names it is a number drawn when the card comes, and noted until it goes with nothing
left on it. A card that went before its end, or was in while this agent did not run, is known again by its files.
"""

from __future__ import annotations

import heapq
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ingest.dock.source import Source, SourceFile
from ingest.dock.state import DockState

_MOST_WITNESSES = 64

LooksLike = tuple[int, int]
"""Size and time of change."""


@dataclass(frozen=True, slots=True)
class Docking:
    """`number` says nothing of card or place. `witnesses` are files that were on the card, by name."""

    number: str
    witnesses: Mapping[str, LooksLike]

    @classmethod
    def of(cls, files: Iterable[SourceFile], number: str = "") -> Docking:
        """A new one, or with `number` that one as it is now. The largest files are its witnesses: small ones come with
        the firmware, alike on every card.
        """
        largest = heapq.nlargest(_MOST_WITNESSES, files, key=lambda file: (file.size_bytes, file.name))
        return cls(number or secrets.token_hex(16), {file.name: _looks_of(file) for file in largest})

    def is_of(self, files: Iterable[SourceFile]) -> bool:
        """Whether the card that holds these files is the one: some are as they were, and none is another of its name.
        Which are not there any more says nothing, as received files are removed.
        """
        now = {file.name: _looks_of(file) for file in files if file.name in self.witnesses}
        return bool(now) and all(self.witnesses[name] == looks_like for name, looks_like in now.items())


def find_docking(
    state: DockState, source: Source, files: Iterable[SourceFile], settled: Iterable[SourceFile]
) -> Docking:
    """The docking that `files` came by, durably noted; a new one where the card that was noted is not the one that is
    there. Those of them that are `settled` may bear witness: of the others nobody knows the end.
    """
    noted = state.read_docking(source.id)
    docking = None if noted is None else Docking(*noted)
    return docking if docking is not None and docking.is_of(files) else _note(state, source, Docking.of(settled))


def renew_docking(state: DockState, source: Source, docking: Docking, settled: Iterable[SourceFile]) -> Docking:
    """The same, with other witnesses, durably noted: of a card that stayed, and whose files are gone one by one."""
    return _note(state, source, Docking.of(settled, docking.number))


def _note(state: DockState, source: Source, docking: Docking) -> Docking:
    state.note_docking(source.id, docking.number, docking.witnesses)
    return docking


def _looks_of(file: SourceFile) -> LooksLike:
    return file.size_bytes, file.mtime_ns
