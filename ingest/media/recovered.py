"""How a recovery copy came about, as its row's settings say it: written when it is made, read wherever it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

SALVAGED: Final = "liuhen-salvage/1"
SETS: Final = "parameter-sets="
CUT_SHORT: Final = "cut-short-at="
IN_BAND: Final = "in-band"
RECORDING: Final = "recording:"
BRIDGED: Final = "liuhen-bridge/1"
PASSED_OVER: Final = "passed-over="
SAID_WITHIN: Final = 3
"""Of the settings; what follows are the tool's arguments."""


@dataclass(frozen=True)
class Recovered:
    """`reference` is the recording whose parameter sets helped. `cut_short_at`: the byte of the original up to which
    its pictures were looked for, where the time that there is for it was used up before its end; None: to its end."""

    way: Literal["remuxed", "in-band", "reference"] = "remuxed"
    reference: str | None = None
    cut_short_at: int | None = None

    @classmethod
    def of(cls, settings: Sequence[str]) -> Recovered:
        sets, cut = (_said(settings, word) for word in (SETS, CUT_SHORT))
        short = int(cut) if cut is not None and cut.isdecimal() else None
        if sets is None:
            return cls()
        return cls("in-band", None, short) if sets == IN_BAND else cls("reference", sets.removeprefix(RECORDING), short)

    def as_settings(self) -> tuple[str, ...]:
        """What stands before the tool's arguments."""
        if self.way == "remuxed":
            return ()
        sets = f"{SETS}{IN_BAND if self.reference is None else RECORDING + self.reference}"
        return (SALVAGED, sets) if self.cut_short_at is None else (SALVAGED, sets, f"{CUT_SHORT}{self.cut_short_at}")


def as_bridged(spans: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    """What stands before the tool's arguments of a copy that passes over what lies between fragments, in bytes of the
    original."""
    return BRIDGED, PASSED_OVER + ",".join(f"{at}-{end}" for at, end in spans)


def _said(settings: Sequence[str], word: str) -> str | None:
    return next((one.removeprefix(word) for one in settings[:SAID_WITHIN] if one.startswith(word)), None)
