"""The engine against every world there may be: all errors of all clocks at once, and the holes closed within each."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from random import Random

from casework.completeness.case_file import read_case_files
from tests.casework.completeness.brute_force import MARGIN, File, Scene, closed
from tests.casework.completeness.scenes import as_file

SCENES = 120
LENGTH = 40


def generate(seed: int) -> Scene:
    """Few clocks with small errors, so that all of them can be tried together."""
    chance = Random(f"joint {seed}")
    scene = Scene(LENGTH, chance.choice((1, 1, 2)), chance.choice((0, 1, 3, 5)))
    for number in range(chance.randrange(1, 4)):
        uncertainty = chance.choice((0, 1, 2, 3))
        position = chance.randrange(-20, 20)
        for _ in range(chance.randrange(1, 4)):
            end = position + chance.randrange(1, 30)
            scene.files.append(File(f"D{number % 2}", position + number, end + number, number, uncertainty))
            position = end + chance.choice((-2, 1, 2, 3, 4, 6, 9))
    return scene


def worlds(scene: Scene) -> list[list[bool]]:
    """For each choice of errors, which seconds of the act are covered in it."""
    clocks: dict[tuple[str, int, int], list[File]] = defaultdict(list)
    for file in scene.files:
        assert file.offset is not None
        assert file.uncertainty is not None
        clocks[file.device, file.offset, file.uncertainty].append(file)
    count = LENGTH + 2 * MARGIN
    lines = {}
    for (device, offset, uncertainty), files in clocks.items():
        line = [False] * count
        for file in files:
            line[file.start - offset + MARGIN : file.end - offset + MARGIN] = [True] * (file.end - file.start)
        lines[device, offset, uncertainty] = closed(line, scene.gap)
    found = []
    for errors in itertools.product(*(range(-uncertainty, uncertainty + 1) for _, _, uncertainty in lines)):
        devices: dict[str, list[bool]] = defaultdict(lambda: [False] * count)
        for error, ((device, _, _), line) in zip(errors, lines.items(), strict=True):
            shifted = [line[(place - error) % count] for place in range(count)]
            devices[device] = [was or here for was, here in zip(devices[device], shifted, strict=True)]
        number = [sum(seconds) for seconds in zip(*devices.values(), strict=True)]
        world = closed([each >= scene.devices for each in number], scene.gap)
        found.append(world[MARGIN : MARGIN + LENGTH])
    return found


def test_no_missing_second_is_lost_and_none_is_called_covered_that_some_world_lacks() -> None:
    missing = false_alarms = seconds = 0
    for seed in range(SCENES):
        scene = generate(seed)
        (case,), _ = read_case_files(json.dumps(as_file(scene)).encode())
        start = case.demand.span[0]
        given = [
            stretch.state
            for stretch in case.judge().stretches
            for _ in range((stretch.span[0] - start) // 1_000_000, (stretch.span[1] - start) // 1_000_000)
        ]
        for state, known in zip(given, zip(*worlds(scene), strict=True), strict=True):
            seconds += 1
            missing += not any(known)
            # What no world covers is called missing.
            assert any(known) or state == "missing", seed
            # What is called covered, every world covers.
            assert state != "covered" or all(known), seed
            false_alarms += state == "missing" and any(known)
    print(f"{missing} missing seconds of {seconds}, all found; {false_alarms} others called missing")
    assert missing > 1000
    assert false_alarms < 0.02 * seconds
