"""A world as rows: the claims as the archive itself would read and weigh them, the rest as it is entered."""

from __future__ import annotations

import hashlib
import random
import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from ingest.metadata.claims import Claim, Claims, gather, join
from ingest.metadata.container_tags import read_time
from ingest.metadata.file_name import claims_from_name
from ingest.sealing.best_claims import BestClaims, best_claims, state_best
from integrity.local_time import CHINA
from storage.catalog.casework import Case, CaseAssignment
from storage.catalog.devices import Device, DeviceIssue
from storage.catalog.organisation import Person, Unit
from storage.catalog.recordings import Recording
from storage.catalog.stations import Station
from storage.ledger.append import Actor, Change, record_change
from tests.evaluation.shifts import Clip, World

RECEIVER = "track:nmea"


@dataclass(frozen=True)
class Loaded:
    """What was entered: cases by their number, and in the order of the world's clips rows that are to be docked."""

    unit_id: uuid.UUID
    cases: dict[int, uuid.UUID]
    closed: frozenset[int]
    rows: list[dict[str, Any]]

    def dockings(self, world: World) -> list[list[dict[str, Any]]]:
        """Day by day as they came back, each card in two goes: the first is linked before the second is there."""
        halves: dict[tuple[date, int], list[dict[str, Any]]] = defaultdict(list)
        lengths, seen = Counter(clip.outing for clip in world.clips), Counter[int]()
        for clip, row in zip(world.clips, self.rows, strict=True):
            seen[clip.outing] += 1
            second = int(2 * seen[clip.outing] > lengths[clip.outing] + 1)
            halves[clip.received_at.date(), second].append(row)
        return [halves[each] for each in sorted(halves)]


def read_clip(clip: Clip) -> tuple[Claims, BestClaims]:
    """What the archive makes of the file."""
    tag = clip.shown if clip.zoned else clip.shown + timedelta(hours=8)
    said = [read_time(f"{tag.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z", "container:creation_time")]
    if clip.said_device:
        said.append(Claim("device", clip.said_device, "station", "stated"))
    if clip.fix is not None and clip.spot is not None:
        time = {
            "time": f"{clip.fix.astimezone(CHINA) - timedelta(hours=8):%Y-%m-%dT%H:%M:%S}Z",
            "spread_seconds": 0.0,
        }
        where = {"latitude": clip.spot[0], "longitude": clip.spot[1]}
        said += [Claim("gps_time", time, RECEIVER, "stated"), Claim("location", where, RECEIVER, "stated")]
    claims = join(claims_from_name(clip.name), gather(said))
    stated = state_best(claims, clip.received_at, clip.seconds)
    return stated, best_claims(stated)


def load(session: Session, world: World, closed_share: float = 0.0) -> Loaded:
    """Register and roster, and recordings ready to be docked. So many of the cases were closed on the spot."""
    unit = Unit(id=uuid.uuid4(), name="评估大队", code=f"EVAL-{world.seed}-{uuid.uuid4().hex[:6]}")
    session.add(unit)
    session.flush()
    people = {badge: uuid.uuid4() for badge in world.badges}
    _add(session, Person, [_person(unit, badge, people[badge]) for badge in world.badges])
    devices = {code: uuid.uuid4() for code in world.devices}
    _add(session, Device, [{"id": devices[code], "unit_id": unit.id, "code": code} for code in world.devices])
    issues = [
        {
            "id": uuid.uuid4(),
            "unit_id": unit.id,
            "device_id": devices[issue.device],
            "person_id": people[issue.badge],
            "span": Range(*issue.span, bounds="[)"),
        }
        for issue in world.issues
    ]
    _add(session, DeviceIssue, issues)
    cases = {number: uuid.uuid4() for number in range(1, world.cases + 1)}
    opener = next(iter(people.values()))
    closed = frozenset(random.Random(world.seed).sample(sorted(cases), round(closed_share * len(cases))))
    ends = {duty.case: duty.span[1] for duty in sorted(world.duties, key=lambda duty: duty.span[1])}
    rows = [
        {**_case(unit, number, case_id, opener), "closed_at": ends.get(number) if number in closed else None}
        for number, case_id in cases.items()
    ]
    _add(session, Case, rows)
    _add(session, CaseAssignment, _duties(unit, world, cases))
    return Loaded(unit.id, cases, closed, _recordings(session, unit, world))


def dock(session: Session, rows: list[dict[str, Any]]) -> None:
    _add(session, Recording, rows)


def _add(session: Session, model: Any, rows: list[dict[str, Any]]) -> None:
    session.execute(insert(model), rows)


def _person(unit: Unit, badge: str, person_id: uuid.UUID) -> dict[str, Any]:
    name = f"{unit.code}-{badge}"
    named = {"name": name, "sign_in_name": name, "badge_number": badge}
    return {"id": person_id, "unit_id": unit.id, "role": "officer", **named}


def _case(unit: Unit, number: int, case_id: uuid.UUID, opener: uuid.UUID) -> dict[str, Any]:
    named = {"number": f"评{number}", "title": "占道经营", "kind": "penalty", "procedure": "ordinary_penalty"}
    return {"id": case_id, "unit_id": unit.id, "opened_by": opener, **named}


def _duties(unit: Unit, world: World, cases: dict[int, uuid.UUID]) -> list[dict[str, Any]]:
    return [
        {
            "id": uuid.uuid4(),
            "unit_id": unit.id,
            "case_id": cases[duty.case],
            "officer": duty.badge,
            "device": duty.device,
            "stage": "investigation",
            "span": Range(*duty.span, bounds="[)"),
            "latitude": None if duty.spot is None else duty.spot[0],
            "longitude": None if duty.spot is None else duty.spot[1],
        }
        for duty in world.duties
    ]


def _recordings(session: Session, unit: Unit, world: World) -> list[dict[str, Any]]:
    station = Station(
        id=uuid.uuid4(), unit_id=unit.id, name=unit.code, token_hash=hashlib.sha256(unit.id.bytes).digest()
    )
    session.add(station)
    sealed = record_change(session, Actor.system("custody"), Change("recording.sealed", "recording", "-", unit.id))
    session.flush()
    return [_recording(unit, station.id, sealed.id, number, clip) for number, clip in enumerate(world.clips)]


def _recording(unit: Unit, station_id: uuid.UUID, entry_id: uuid.UUID, number: int, clip: Clip) -> dict[str, Any]:
    recording_id, claims_best = uuid.uuid4(), read_clip(clip)
    claims, best = claims_best
    fake = hashlib.sha256(recording_id.bytes).digest()
    return {
        "id": recording_id,
        "unit_id": unit.id,
        "station_id": station_id,
        "original_name": clip.name,
        "size_bytes": 100 << 20,
        "object_name": f"originals/{recording_id}",
        "object_version": "1",
        "ciphertext_size_bytes": 101 << 20,
        "kek_id": "k",
        "media_state": "intact",
        "findings": {},
        "claims": [claim.as_facts() for claim in claims.stated],
        **vars(best),
        "duration_seconds": clip.seconds,
        "received_at": clip.received_at,
        "sealed_at": clip.received_at + timedelta(seconds=number),
        "token_time": clip.received_at,
        "sealed_entry_id": entry_id,
        "retention_class": "general",
        "retain_until": None,
        **dict.fromkeys(("sha256", "sm3", "chunk_root", "ciphertext_sha256", "manifest_sha256"), fake),
        **dict.fromkeys(("wrapped_data_key", "manifest", "token"), fake),
    }
