"""The administrator's page: units, people, and the archive's own health in a few lines."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Text, cast, func, select
from sqlalchemy.orm import Session

from api.pages.kept_counts import Counted, KeptCounts
from api.pages.ledger_shown import count_waiting
from api.pages.visit import Visit
from api.settings import Settings
from api.wal.errors import WalError
from api.wal.standing import WalStanding, require_shipped
from casework.organisation import list_people
from casework.permission import MAY
from casework.publication.duties import DUTY_ROLES, duties_in
from casework.register.reading import count_running_out
from casework.retrieval.posts import posts_in
from casework.units import UnitNode, units_below
from ingest.cold.standing import ColdStanding, read_cold_standing
from ingest.rendering.due import count_due, count_waiting_for_room
from ingest.replica.standing import ReplicaStanding, read_replica_standing
from ingest.scrub.standing import LostObject, Standing, list_lost, read_standing
from ingest.stations.overview import count_alerts
from ingest.uploads.unknown import UnknownTotal, read_unknown
from integrity.local_time import chinese_day
from storage.catalog.organisation import POSTS, ROLES, Person, PersonPost, Unit
from storage.catalog.publication import PublicationDuty
from storage.catalog.recordings import MediaJob, Recording
from storage.catalog.uploads import IN_HAND, Upload

ROWS = 100
LOST_SHOWN = 50
"""More than these are no rot: then it is the disk that is to be looked at."""


@dataclass(frozen=True)
class Health:
    counted: Counted
    uploads: Mapping[str, int]
    jobs_due: int
    jobs_failed: int
    jobs_without_room: int
    staged_unknown: UnknownTotal
    entries_unplaced: int
    stations_silent: int
    people_running_out: int
    disk_free_bytes: int
    disk_bytes: int
    objects: Standing
    lost: Sequence[LostObject]
    replica: ReplicaStanding | None
    cold: ColdStanding | None
    wal: WalHealth | None


@dataclass(frozen=True)
class WalHealth:
    """`wrong`: the class of what is wrong with it, "" where nothing is."""

    standing: WalStanding | None
    wrong: str


def build_admin(visit: Visit) -> Mapping[str, Any]:
    visit.require(*MAY["change_the_organisation"])
    tree = units_below(visit.session, visit.person.unit_id)
    chosen = chosen_unit(visit, tree)
    people = list_people(visit.session, chosen.id, after=visit.after, limit=ROWS)
    posts: dict[uuid.UUID, list[PersonPost]] = {}
    for row in posts_in(visit.session, [chosen.id]):
        posts.setdefault(row.person_id, []).append(row)
    duties: dict[uuid.UUID, list[PublicationDuty]] = {}
    for held in duties_in(visit.session, [chosen.id]):
        duties.setdefault(held.person_id, []).append(held)
    return {
        "tree": tree,
        "units": {node.unit.id: node.unit for node in tree},
        "chosen": chosen,
        "people": people.items,
        "made": just_made(visit, chosen),
        "next": visit.next_page(people.next),
        "roles": ROLES,
        "posts": posts,
        "publication_duties": duties,
        "duties_of_role": {role: [each for each, of in DUTY_ROLES.items() if role in of] for role in ROLES},
        "post_of_role": {role: post for post, role in POSTS.items()},
        "health": read_health(visit, tree),
    }


def chosen_unit(visit: Visit, tree: Sequence[UnitNode]) -> Unit:
    """Whose people are listed: the unit asked for when it is below the administrator's, else his own."""
    return next((node.unit for node in tree if str(node.unit.id) == visit.asked("unit")), tree[0].unit)


def just_made(visit: Visit, chosen: Unit) -> Person | None:
    """Whom the page's form added: the address to which it leads names him."""
    statement = select(Person).where(cast(Person.id, Text) == visit.asked("made"), Person.unit_id == chosen.id)
    return visit.session.scalars(statement).first() if visit.asked("made") else None


def read_health(visit: Visit, tree: Sequence[UnitNode]) -> Health:
    """Recordings as of a minute ago at most (kept_counts.py), and by an index alone; all else as it is now."""
    session = visit.session
    kept: KeptCounts = visit.request.app.state.kept_counts
    counted = kept.get(visit.person.unit_id, visit.now, partial(count_recordings, session))
    by_state = count_uploads(session)
    units = [node.unit.id for node in tree]
    disk = shutil.disk_usage(visit.archive.settings.data)
    place, cold_place = visit.archive.settings.replica_place, visit.archive.settings.cold_place
    return Health(
        counted=counted,
        uploads={state: by_state[state] for state in IN_HAND if by_state.get(state)},
        jobs_due=count_due(session),
        jobs_failed=count_failed(session),
        jobs_without_room=count_waiting_for_room(session),
        staged_unknown=read_unknown(visit.archive.staging_folder),
        entries_unplaced=count_waiting(session),
        stations_silent=count_alerts(session, units)["silent"],
        people_running_out=count_running_out(session, visit.person, _warned_of(visit)),
        disk_free_bytes=disk.free,
        disk_bytes=disk.total,
        objects=read_standing(session, units),
        lost=list_lost(session, LOST_SHOWN, units),
        replica=None if place is None else read_replica_standing(session, place, units),
        cold=None if cold_place is None else read_cold_standing(session, cold_place, units),
        wal=_read_wal(visit.archive.settings),
    )


def _read_wal(settings: Settings) -> WalHealth | None:
    if settings.wal_folder is None:
        return None
    standing = WalStanding.read(settings.data)
    try:
        require_shipped(settings.data, settings.wal_seconds)
    except WalError as error:
        return WalHealth(standing, type(error).__name__)
    return WalHealth(standing, "")


def count_recordings(session: Session) -> tuple[int, int]:
    """How many there are, and how many bytes their originals have."""
    count, size = session.execute(select(func.count(), func.sum(Recording.size_bytes)).select_from(Recording)).one()
    return count, int(size or 0)


def count_uploads(session: Session) -> dict[str, int]:
    """Those in hand, by their state: of what is sealed and receipted there is a recording."""
    in_hand = Upload.state.in_(IN_HAND)
    rows = session.execute(select(Upload.state, func.count()).where(in_hand).group_by(Upload.state))
    return {row[0]: row[1] for row in rows}


def count_failed(session: Session) -> int:
    """Copies that could not be made."""
    return session.scalar(select(func.count()).select_from(MediaJob).where(MediaJob.state == "failed")) or 0


def _warned_of(visit: Visit) -> date:
    return chinese_day(visit.now) + timedelta(days=visit.archive.settings.certificate_warning_days)
