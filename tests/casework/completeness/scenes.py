"""Acts with their recordings, made at random with a seed, in the shape of the files that are tried on the engine."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tests.casework.completeness.brute_force import File, Scene, Told

PEOPLE = ("李伟", "刘洋", "周敏")


def generate(seed: int) -> Scene:
    """Whole recorders, broken ones, short holes and long, wrong clocks, worthless ones, explanations of all kinds."""
    chance = Random(seed)
    length = chance.choice((60, 240, 900))
    scene = Scene(length, chance.choice((1, 1, 1, 2, 3)), chance.choice((0, 0, 2, 5, 30)))
    for number in range(chance.randrange(scene.devices + 2)):
        _record(chance, scene, f"D{number}")
    for _ in range(chance.choice((0, 0, 1, 2, 4))):
        start = chance.randrange(-20, length)
        by, confirmed_by = chance.choice((*PEOPLE, None)), chance.choice((*PEOPLE, None, None))
        scene.told.append(Told(start, start + chance.randrange(length), by, confirmed_by))
    if chance.random() < 0.2:  # All that is wrong is explained, and confirmed.
        scene.told.append(Told(-5, length + 5, "李伟", "周敏"))
    return scene


def _record(chance: Random, scene: Scene, device: str) -> None:
    clocks = [(chance.choice((0, 0, 7, -300, 86_400)), chance.choice((0, 0, 1, 4, 20))) for _ in range(2)]
    position = chance.choice((-100, -30, -3, 0, 3, 40))
    while position < scene.length:
        end = position + chance.choice((0, 10, 60, scene.length + 50))
        offset, uncertainty = clocks[chance.random() < 0.2]
        if chance.random() < 0.03:
            scene.files.append(File(device, position, end, None, None))
        elif chance.random() < 0.95:
            scene.files.append(File(device, position + offset, end + offset, offset, uncertainty))
        if chance.random() < 0.1:  # Docked twice.
            scene.files.append(scene.files[-1] if scene.files else File(device, position, position, 0, 0))
        position = end + chance.choice((-4, 0, 0, 1, 2, 5, 6, 30, 31, 90))


def as_file(scene: Scene, start: datetime = datetime(2026, 3, 9, 15, 50, tzinfo=UTC)) -> dict[str, Any]:
    """As `liuhen rules completeness` reads it; the act begins ten minutes before midnight in China."""

    def stamp(second: int) -> str:
        return (start + timedelta(seconds=second)).isoformat()

    recordings = [
        {
            "id": f"R{scene.files.index(file)}",
            "device": file.device,
            "start": stamp(file.start),
            "end": stamp(file.end),
            "clock_offset_s": file.offset,
            "clock_uncertainty_s": file.uncertainty,
        }
        for file in scene.files
    ]
    explanations = [
        {"start": stamp(told.start), "end": stamp(told.end), "by": told.by, "confirmed_by": told.confirmed_by}
        for told in scene.told
    ]
    case = {
        "act": {"kind": "seizure", "start": stamp(0), "end": stamp(scene.length)},
        "min_devices": scene.devices,
        "allowed_gap_s": scene.gap,
        "recordings": recordings,
        "explanations": explanations,
    }
    return dict(json.loads(json.dumps(case)))
