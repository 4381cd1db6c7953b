"""Acts as rows of the catalog, made at random with a seed, and the same as scenes for the brute force.

What rows know of a clock is less, and other, than what files of rules can state: a claim with its uncertainty, by
source and station; satellites and people, each of one file alone; a clock that satellites said was hours ahead.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from casework.procedure.acts import add_act
from casework.procedure.explanations import decide_explanation, explain_gap, withdraw_explanation
from casework.procedure.stating import Stated
from ingest.metadata.claims import Claim
from storage.catalog.elements import ElementAnswer
from tests.casework.completeness.brute_force import File, Scene, Told

SATELLITES: Final = "track:nmea"
NOW: Final = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
BEFORE_MIDNIGHT: Final = datetime(2026, 3, 8, 15, 55, tzinfo=UTC)
"""Five minutes before midnight in China: the longer acts go on past it."""
CODES: Final = tuple((devices, gap) for devices in (1, 2, 3) for gap in (0, 2, 5, 30))
CHECKLIST: Final = (
    "jurisdiction: CN-tried\nversion: 1\ntitle: {zh: 试, en: tried}\nvalid_from: 2026-01-01\nacts:\n"
    + "".join(
        f"  - {{code: w_{devices}_{gap}, name: {{zh: 全程{devices}-{gap}, en: whole {devices} {gap}}}, "
        f"recording: whole, devices: {devices}, allowed_gap_seconds: {gap}, written_reason: false, "
        "closes_with_gap: false}\n"
        for devices, gap in CODES
    )
)


@dataclass
class Placed:
    """A recording as it will stand in a row: true seconds from the act's beginning, and by what its time is known."""

    device: str
    start: int
    end: int
    known_by: str
    uncertainty: int
    station: int
    source: str
    number: int
    damage: str = ""
    """cut: a third of it is there, from its beginning; torn: it has holes; empty: nothing decodes; found: turned out to
    be torn when it was decoded, from its middle on."""

    @property
    def cut_at(self) -> int:
        """Seconds of it until where it is whole."""
        length = self.end - self.start
        parts = {"": length, "cut": length // 3, "torn": 0, "empty": 0, "found": length // 2}
        return parts[self.damage]


@dataclass
class RowScene:
    devices: int
    gap: int
    length: int
    placed: list[Placed] = field(default_factory=list)
    told: list[tuple[int, int, str]] = field(default_factory=list)
    """From, to, and what became of it: pending, confirmed, refused, withdrawn."""

    def as_scene(self) -> Scene:
        """For the brute force, which knows nothing of rows."""
        scene = Scene(self.length, self.devices, self.gap)
        for each in self.placed:
            clocks = {
                "claimed": (0, each.uncertainty, f"claimed {each.source} {each.station}"),
                # Seconds that satellites name are the file's own word; so are the minute's that people name.
                "satellites": (0, each.uncertainty, f"satellites {each.number}"),
                "answered": (0, 60, f"answered {each.number}"),
                # Learnt by what satellites said of the first file of its docking: never surer than half a minute.
                "learnt": (10_800, 30, f"learnt {each.source} {each.station}"),
                "nothing": (None, None, ""),
            }
            offset, uncertainty, clock = clocks[each.known_by]
            start, end = each.start + (offset or 0), each.end + (offset or 0)
            whole = start + each.cut_at
            scene.files.append(File(each.device, start, whole, offset, uncertainty, clock))
            if each.damage in ("torn", "found"):
                scene.files.append(File(each.device, whole, end, offset, uncertainty, clock, holes=True))
        for start, end, outcome in self.told:
            if outcome in ("pending", "confirmed"):
                scene.told.append(Told(start, end, "李伟", "周敏" if outcome == "confirmed" else None))
        return scene


def generate(seed: int) -> RowScene:
    """Whole recorders and broken ones, overlaps, short holes at the act's edges too, clocks of every kind, midnight."""
    chance = Random(seed)
    devices, gap = chance.choice(CODES[:8] if chance.random() < 0.7 else CODES)
    scene = RowScene(devices, gap, chance.choice((60, 240, 900)))
    for number in range(chance.randrange(scene.devices + 2)):
        _record(chance, scene, f"D{number}")
    for _ in range(chance.choice((0, 0, 1, 2, 4))):
        start = chance.randrange(scene.length)
        end = min(scene.length, start + 1 + chance.randrange(scene.length))
        scene.told.append((start, end, chance.choice(("pending", "confirmed", "confirmed", "refused", "withdrawn"))))
    if chance.random() < 0.2:
        scene.told.append((0, scene.length, "confirmed"))
    return scene


def _record(chance: Random, scene: RowScene, device: str) -> None:
    known_by = chance.choice(("claimed", "claimed", "claimed", "claimed", "satellites", "answered", "learnt"))
    uncertainty = chance.choice((0, 0, 1, 4, 20))
    position = chance.choice((-100, -30, -3, -2, 0, 3, 40))
    while position < scene.length:
        end = position + chance.choice((0, 10, 60, 98, scene.length + 50))
        by = "nothing" if chance.random() < 0.03 else known_by
        # Another station, or another source of the time, is another clock.
        station, source = chance.choice(((0, "name:ga/t-947"),) * 8 + ((1, "name:ga/t-947"), (0, "clock:mp4")))
        if known_by == "learnt":
            station, source = 0, "name:ga/t-947"
        if chance.random() < 0.95:
            number = len(scene.placed)
            damage = chance.choice(("",) * 12 + ("cut", "torn", "empty", "found"))
            scene.placed.append(Placed(device, position, end, by, uncertainty, station, source, number, damage))
        position = end + chance.choice((-4, 0, 0, 1, 2, 5, 6, 30, 31, 90))


def store(team: Any, scene: RowScene) -> Any:
    """The act with its recordings and explanations, as deeds and rows of a case of its own; the case."""
    case = team.archive.case(team.officer)
    end = BEFORE_MIDNIGHT + timedelta(seconds=scene.length)
    officers = (team.officer.id, team.second.id)
    stated = Stated(f"w_{scene.devices}_{scene.gap}", BEFORE_MIDNIGHT, end, None, officers)
    act = add_act(team.session, team.officer, case.id, stated, NOW).act
    # Devices of one case alone: what another says of a clock of the same name is no word about this one's.
    prefix = uuid.uuid4().hex[:6]
    stations = [team.archive.new_station(team.unit) for _ in range(2)]
    for each in scene.placed:
        team.archive.link(_store(team, each, prefix, stations), case, team.officer)
    for device in {each.device for each in scene.placed if each.known_by == "learnt"}:
        _teach(team, f"{prefix}{device}", stations[0])
    for first, last, outcome in scene.told:
        _explain(team, act.id, first, last, outcome)
    return case


def _store(team: Any, each: Placed, prefix: str, stations: list[Any]) -> Any:
    true_start = BEFORE_MIDNIGHT + timedelta(seconds=each.start)
    facts: dict[str, Any] = {
        "device": f"{prefix}{each.device}",
        "duration_seconds": float(each.end - each.start),
        "station_id": stations[each.station].id,
        "started_at": true_start,
        "started_at_source": each.source,
        "uncertainty_seconds": float(each.uncertainty),
    }
    if each.known_by == "satellites":
        facts["claims"] = (Claim("gps_time", {"time": true_start.isoformat()}, SATELLITES, "stated"),)
        facts["started_at_source"] = SATELLITES
    elif each.known_by == "learnt":
        shown = true_start + timedelta(hours=3)
        facts["claims"] = (Claim("started_at", {"time": shown.isoformat()}, "name:ga/t-947", "assumed"),)
        facts["started_at"] = shown
    elif each.known_by == "nothing":
        facts |= {"started_at": None, "started_at_source": None, "uncertainty_seconds": None}
    elif each.known_by == "answered":
        facts["started_at"] = true_start + timedelta(days=1)
    recording = team.archive.recording(team.unit, **{**facts, **_damaged(each)})
    if each.damage == "found":
        team.archive.decoded(recording, refused_packets=7, first_complaint_ms=(each.cut_at + 2) * 1000)
    if each.known_by == "answered":
        _answer(team, recording, true_start)
    return recording


def _damaged(each: Placed) -> dict[str, Any]:
    """As the first look leaves it in the row."""
    reasons = {"cut": ["ends_early"], "torn": ["zero_filled", "frames_missing"], "empty": ["ends_early"]}
    if each.damage not in reasons:
        return {}
    missing = {"present_seconds": float(each.cut_at), "present_frames": 0 if each.damage == "empty" else 25}
    if each.damage == "torn":
        missing["present_seconds"] = None
    found = {"kind": "video", "container": "mov,mp4,m4a,3gp,3g2,mj2", "runs": [], "missing": missing}
    return {
        "media_state": "damaged",
        "findings": {**found, "reasons": [{"code": name, "facts": {}} for name in reasons[each.damage]]},
    }


def _teach(team: Any, device: str, station: Any) -> None:
    """A file of the same docking, of no case, of which satellites say that the clock was three hours ahead."""
    true_start = BEFORE_MIDNIGHT - timedelta(hours=2)
    shown = true_start + timedelta(hours=3)
    claims = (
        Claim("started_at", {"time": shown.isoformat()}, "name:ga/t-947", "assumed"),
        Claim("gps_time", {"time": true_start.isoformat()}, SATELLITES, "stated"),
    )
    believed = {"started_at": true_start, "started_at_source": SATELLITES}
    team.archive.recording(team.unit, device=device, station_id=station.id, claims=claims, **believed)


def _answer(team: Any, recording: Any, true_start: datetime) -> None:
    answer = ElementAnswer(
        unit_id=recording.unit_id,
        recording_id=recording.id,
        element="time",
        ordinal=1,
        value=true_start.isoformat(),
        basis="own_word",
        settles=[],
        reason="现场手表核对",
        answered_by=team.officer.id,
        answered_at=NOW,
    )
    team.session.add(answer)
    team.session.flush()


def _explain(team: Any, act_id: uuid.UUID, first: int, last: int, outcome: str) -> None:
    times = {
        "starts_at": BEFORE_MIDNIGHT + timedelta(seconds=first),
        "ends_at": BEFORE_MIDNIGHT + timedelta(seconds=last),
    }
    row = explain_gap(team.session, team.officer, act_id, **times, reason="电池耗尽", now=NOW)
    if outcome in ("confirmed", "refused"):
        decide_explanation(team.session, team.supervisor, row.id, confirmed=outcome == "confirmed", reason="核对")
    elif outcome == "withdrawn":
        withdraw_explanation(team.session, team.officer, row.id, "不实")
