"""Boxes and mutes as somebody states them, looked at one by one, and as they are kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from casework.retrieval.redaction_errors import SpansUnusable
from storage.catalog.redaction import MOST_SPANS, Box, Mute

STYLES: Final = ("black", "blur")
DIGITS: Final = 4
"""A ten-thousandth of the picture, a tenth of a millisecond: finer than any camera, and the same in every spelling."""
_SLACK: Final = 1e-6
LENGTH_SLACK_SECONDS: Final = 0.5
"""A player's end and a probe's are not the same number."""


@dataclass(frozen=True)
class Shown:
    """What there is to hide something in. `length` in seconds; None: nobody knows, or nothing moves."""

    picture: bool
    sound: bool
    moving: bool
    length: float | None


@dataclass(frozen=True)
class KeptSpans:
    """As rows and entries have them: numbers rounded, an end that is the film's left out."""

    boxes: list[dict[str, Any]]
    mutes: list[dict[str, Any]]


def kept_spans(boxes: Sequence[Box], mutes: Sequence[Mute], shown: Shown) -> KeptSpans:
    """Raises SpansUnusable of the first that cannot be."""
    lists: tuple[tuple[str, Sequence[Box | Mute], bool], ...] = (
        ("box", boxes, shown.picture),
        ("mute", mutes, shown.sound),
    )
    for kind, spans, there in lists:
        if spans and not there:
            raise SpansUnusable(kind, 1, "no_picture" if kind == "box" else "no_sound")
        if len(spans) > MOST_SPANS:
            raise SpansUnusable(kind, MOST_SPANS + 1, "too_many")
        for number, span in enumerate(spans, 1):
            problem = _problem_of(span, shown)
            if problem is not None:
                raise SpansUnusable(kind, number, problem, shown.length)
    return KeptSpans([_kept(box, shown) for box in boxes], [_kept(mute, shown) for mute in mutes])


def _problem_of(span: Box | Mute, shown: Shown) -> str | None:
    if not all(math.isfinite(each) for each in vars(span).values() if isinstance(each, int | float)):
        return "no_number"
    if isinstance(span, Box):
        problem = _problem_in_picture(span)
        if problem is not None:
            return problem
    return _problem_in_time(span, shown) if shown.moving else None


def _problem_in_picture(box: Box) -> str | None:
    if box.style not in STYLES:
        return "no_style"
    if round(box.width, DIGITS) <= 0 or round(box.height, DIGITS) <= 0:
        return "no_size"
    right, bottom = box.left + box.width, box.top + box.height
    inside = box.left >= 0 and box.top >= 0 and right <= 1 + _SLACK and bottom <= 1 + _SLACK
    return None if inside else "outside"


def _problem_in_time(span: Box | Mute, shown: Shown) -> str | None:
    first, last, length = span.from_seconds, span.to_seconds, shown.length
    if first < 0 or (last is not None and round(last, DIGITS) <= round(first, DIGITS)):
        return "no_time"
    if length and (first >= length or (last is not None and last > length + LENGTH_SLACK_SECONDS)):
        return "after_the_end"
    return None


def _kept(span: Box | Mute, shown: Shown) -> dict[str, Any]:
    """What reaches the end hides whatever comes after what a probe took for the end, too."""
    kept = {
        name: round(float(each), DIGITS) if isinstance(each, int | float) else each for name, each in vars(span).items()
    }
    last = span.to_seconds
    if not shown.moving:
        kept |= {"from_seconds": 0.0, "to_seconds": None}
    elif last is not None and shown.length and last >= shown.length:
        kept["to_seconds"] = None
    return kept
