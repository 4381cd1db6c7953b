"""How complete recordings are, second by second and error by error of each clock. Imports nothing of ours.

All numbers are whole seconds, so that what holds in the middle of a second holds for all of it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

MARGIN = 400
"""Seconds before and after the act that are looked at too: what bridges the act's edges lies there."""


@dataclass
class File:
    device: str
    start: int
    end: int
    offset: int | None
    uncertainty: int | None
    clock: str = ""
    """Tells clocks apart that are off alike and are not the same."""
    holes: bool = False
    """Any second of it may be one that is gone."""


@dataclass
class Told:
    start: int
    end: int
    by: str | None
    confirmed_by: str | None


@dataclass
class Scene:
    """The act lasts from 0 to `length`."""

    length: int
    devices: int
    gap: int
    files: list[File] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)


def closed(line: list[bool], gap: int) -> list[bool]:
    """With each run of False that is no longer than `gap` and has True on both sides filled."""
    filled = list(line)
    last = None
    for place, here in enumerate(line):
        if here:
            if last is not None and place - last - 1 <= gap:
                filled[last + 1 : place] = [True] * (place - last - 1)
            last = place
    return filled


def seconds_of(scene: Scene) -> list[tuple[str, str]]:
    """State and label of each second of the act."""
    first, count = -MARGIN, scene.length + 2 * MARGIN
    clocks: dict[str, dict[tuple[int | None, int | None, str], list[File]]] = defaultdict(lambda: defaultdict(list))
    for file in scene.files:
        if file.end > file.start:
            clocks[file.device][file.offset, file.uncertainty, file.clock].append(file)
    sure, maybe = [0] * count, [0] * count
    for of_device in clocks.values():
        always, ever = [False] * count, [False] * count
        for (offset, uncertainty, _), files in of_device.items():
            if offset is None or uncertainty is None:
                ever = [True] * count
                continue
            wide = 2 * MARGIN
            errors = range(-uncertainty, uncertainty + 1)
            shifted = {}
            for holes in (True, False):  # Where none of them has a hole, and where all that may have one have one.
                nominal = [False] * (count + 2 * wide)
                for file in files:
                    for second in range(file.start - offset, file.end - offset):
                        if 0 <= second - first + wide < len(nominal) and not (holes and file.holes):
                            nominal[second - first + wide] = True
                nominal = closed(nominal, scene.gap)
                shifted[holes] = [[nominal[place + wide - error] for place in range(count)] for error in errors]
            # Clocks err independently: one that may fail fails when the others do.
            always = [was or all(line[place] for line in shifted[True]) for place, was in enumerate(always)]
            ever = [was or any(line[place] for line in shifted[False]) for place, was in enumerate(ever)]
        sure = [number + here for number, here in zip(sure, always, strict=True)]
        maybe = [number + here for number, here in zip(maybe, ever, strict=True)]
    covered = closed([number >= scene.devices for number in sure], scene.gap)
    possible = [number >= scene.devices for number in maybe]
    return [
        _second(scene, second, covered[second + MARGIN], possible[second + MARGIN]) for second in range(scene.length)
    ]


def _second(scene: Scene, second: int, covered: bool, possible: bool) -> tuple[str, str]:
    if covered:
        return "covered", "none"
    label = "none"
    for told in scene.told:
        if told.start <= second < told.end and told.by:
            if told.confirmed_by and told.confirmed_by != told.by:
                label = "confirmed"
            elif label == "none":
                label = "pending"
    return ("doubtful" if possible else "missing"), label


def verdict_of(seconds: list[tuple[str, str]]) -> str:
    if ("missing", "none") in seconds or ("missing", "pending") in seconds:
        return "incomplete"
    if ("doubtful", "none") in seconds or ("doubtful", "pending") in seconds:
        return "doubtful"
    return "complete" if all(state == "covered" for state, _ in seconds) else "complete_with_explanations"
