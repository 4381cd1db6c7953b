"""One recording: whether and how it plays, what proves it, what it claims, who saw it, how long it is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.http.reading.entries import list_chain
from api.http.reading.recordings import decoding_of, find_recording
from api.pages.ledger_shown import show_entries
from api.pages.outcomes_said import say_outcomes
from api.pages.views_again import again_of
from api.pages.views_damage import counted_at_sealing, damage_of, length_of, reason_codes
from api.pages.views_elements import elements_of
from api.pages.views_made import made_of
from api.pages.views_recordings import cases_of, found_kind, officer_names
from api.pages.views_redaction import redaction_of
from api.pages.visit import Visit
from casework import permission as casework_permission
from casework.access import GrantFound, find_grant
from casework.errors import AccessRefused
from casework.organisation import names_of
from casework.playback import who_saw
from casework.recall import grant_to_recall
from casework.requests import list_requests
from casework.stage_machines import stages_in
from ingest.media.tiles import SpriteLayout
from retention import permission as retention_permission
from retention.classes import list_classes
from retention.holds import holds_on
from retention.own_units import of_own, own_units
from retention.recalls import Whereabouts, where_is
from storage.catalog.access import AccessRequest
from storage.catalog.casework import STAGES, Case, CaseLink, LinkingDone, LinkQuestion
from storage.catalog.handling import CaseOfficer
from storage.catalog.organisation import Unit
from storage.catalog.recordings import DECODING, MediaJob, Recording, Rendition
from storage.catalog.stations import Station

ENTRIES = 200


@dataclass(frozen=True)
class Screen:
    """What stands where the picture would be. `mode`: refused, video, audio, still, pending, failed, nothing."""

    mode: str
    refusal: str | None = None
    grant: GrantFound | None = None
    poster: bool = False
    reasons: tuple[str, ...] = ()
    outcome: str | None = None
    time_line: TimeLine | None = None


@dataclass(frozen=True)
class TimeLine:
    """A film's time line with a small picture of each of its moments. `seconds`: its length, until the player knows."""

    layout: SpriteLayout
    seconds: float


@dataclass(frozen=True)
class Place:
    """A recording's place in one case, now or formerly."""

    link: CaseLink
    case: Case


def build_recording(visit: Visit) -> Mapping[str, Any]:
    session, person = visit.session, visit.person
    recording = find_recording(session, person, visit.path_id())
    chain = list_chain(session, recording.id, visit.after, ENTRIES)
    jobs, renditions = jobs_of(session, recording), renditions_of(session, recording)
    decode_job = jobs.pop(DECODING, None)
    screen = choose_screen(visit, recording, jobs, renditions)
    holds = holds_on(session, recording.id)
    viewings = who_saw(session, recording.id, limit=50)
    may = may_do(visit)
    where = where_is(session, recording.id)
    cases = open_cases(visit) if may["link"] else ()
    return {
        "recording": recording,
        "kind": kind_of(recording, renditions),
        "screen": screen,
        "jobs": jobs,
        "renditions": tuple(renditions.values()),
        "officer_name": officer_names(session, {recording.unit_id, visit.person.unit_id}, [recording.officer]).get(
            recording.officer or ""
        ),
        "station": session.get_one(Station, recording.station_id),
        "unit": session.get_one(Unit, recording.unit_id),
        "entries": show_entries(chain.items),
        "next": visit.with_query(after=chain.next) if chain.next else None,
        "viewings": viewings.items,
        "where": where,
        "recall_minutes": recall_minutes(visit, where),
        "may_recall": where is not None and may_recall(visit, recording),
        "holds": holds,
        "names": names_of(session, {hold.placed_by for hold in holds}),
        "retention_classes": {row.code: row for row in list_classes(session)},
        "places": places_of(session, recording),
        "linking": outcome_of(visit, recording),
        "question": open_question(session, recording),
        "placed_nowhere": answered_none(session, recording),
        "pending": pending_requests(visit, recording),
        "handled": handled_case(visit, recording),
        **redaction_of(visit, recording),
        "may": may,
        "cases": cases,
        "stages": stages_of_any(cases),
        "facts": technical_facts(recording),
        "length": length_of(recording),
        "counted_at_sealing": counted_at_sealing(recording),
        "damage": damage_of(visit, recording, jobs, renditions),
        "decoding": decoding_of(session, recording.id),
        "jobs_left_to_decode": decode_job is not None and decode_job.state == "due",
        **made_of(session, recording, visit.translate),
        **elements_of(visit, recording),
        **again_of(visit, recording),
    }


def outcome_of(visit: Visit, recording: Recording) -> str | None:
    done = visit.session.get(LinkingDone, recording.id)
    return say_outcomes(visit.session, visit.translate, [(recording, None if done is None else done.outcome)])[0]


def kind_of(recording: Recording, renditions: Mapping[str, Rendition]) -> str:
    """By its copies, where it could not be read when it came and there are some: nobody had the time to look."""
    said = found_kind(recording)
    if recording.media_state != "unreadable":
        return said
    if (proxy := renditions.get("proxy")) is not None:
        return "audio" if proxy.media_type.startswith("audio/") else "video"
    return "still" if "poster" in renditions else said


def choose_screen(
    visit: Visit, recording: Recording, jobs: Mapping[str, MediaJob], renditions: Mapping[str, Rendition]
) -> Screen:
    """What can be shown to this person now, or why nothing can. Looking at the page opens no window by itself."""
    if recording.media_state == "unreadable" and not renditions:  # no grant would help: nobody is sent to ask for one
        return Screen("nothing", reasons=reason_codes(recording.findings))
    try:
        grant = find_grant(visit.session, visit.person, recording.id, "view", visit.now)
    except AccessRefused as refused:
        return Screen("refused", refusal=refused.reason)
    kind, poster = kind_of(recording, renditions), "poster" in renditions
    wanted = "poster" if kind == "still" else "proxy"
    if wanted in renditions:
        sound_only = renditions[wanted].media_type.startswith("audio/")
        mode = "still" if kind == "still" else "audio" if sound_only else "video"
        line = time_line_of(recording, renditions) if mode == "video" else None
        return Screen(mode, grant=grant, poster=poster, reasons=reason_codes(recording.findings), time_line=line)
    job = jobs.get(wanted)
    state = {"due": "pending", "failed": "failed"}.get("" if job is None else job.state, "nothing")
    outcome = None if job is None else job.outcome
    return Screen(state, grant=grant, poster=poster, reasons=reason_codes(recording.findings), outcome=outcome)


def time_line_of(recording: Recording, renditions: Mapping[str, Rendition]) -> TimeLine | None:
    """None where there is no sprite, or one of before, of which nobody knows what its pictures are of."""
    sprite, proxy = renditions.get("sprite"), renditions.get("proxy")
    layout = None if sprite is None else SpriteLayout.of(sprite.facts)
    if layout is None:
        return None
    of_proxy = (proxy.facts or {}).get("duration_seconds") if proxy is not None else None
    return TimeLine(layout, of_proxy or recording.duration_seconds or layout.tiles * layout.interval_seconds)


def technical_facts(recording: Recording) -> tuple[tuple[str, str], ...]:
    """The streams in a line each, as the probe found them."""
    facts = []
    for stream in recording.findings.get("streams") or ():
        if not isinstance(stream, dict):
            continue
        size = f"{stream['width']}×{stream['height']}" if stream.get("width") and stream.get("height") else None
        rate = f"{stream['fps']:.4g} fps" if isinstance(stream.get("fps"), int | float) else None
        sound = f"{stream['sample_rate']} Hz" if stream.get("sample_rate") else None
        parts = (stream.get("codec"), stream.get("profile"), size, rate, sound)
        facts.append((str(stream.get("kind", "")), " · ".join(str(part) for part in parts if part)))
    return tuple(facts)


def jobs_of(session: Session, recording: Recording) -> dict[str, MediaJob]:
    rows = session.scalars(select(MediaJob).where(MediaJob.recording_id == recording.id).order_by(MediaJob.kind))
    return {row.kind: row for row in rows}


def renditions_of(session: Session, recording: Recording) -> dict[str, Rendition]:
    rows = session.scalars(select(Rendition).where(Rendition.recording_id == recording.id).order_by(Rendition.name))
    return {row.name: row for row in rows}


def places_of(session: Session, recording: Recording) -> tuple[Place, ...]:
    """The cases it stands in, then those it was taken out of."""
    statement = (
        select(CaseLink, Case)
        .join(Case, Case.id == CaseLink.case_id)
        .where(CaseLink.recording_id == recording.id)
        .order_by(CaseLink.ended_at.is_not(None), CaseLink.created_at)
    )
    return tuple(Place(link, case) for link, case in session.execute(statement))


def handled_case(visit: Visit, recording: Recording) -> Case | None:
    """A case that the recording stands in and this person handles: its footage he views directly."""
    live = CaseLink.recording_id == recording.id, CaseLink.ended_at.is_(None)
    mine = CaseOfficer.person_id == visit.person.id, CaseOfficer.ended_at.is_(None)
    statement = select(Case).join(CaseLink, CaseLink.case_id == Case.id).where(*live)
    statement = statement.join(CaseOfficer, CaseOfficer.case_id == Case.id).where(*mine)
    return visit.session.scalars(statement.order_by(Case.opened_at.desc()).limit(1)).first()


def open_question(session: Session, recording: Recording) -> LinkQuestion | None:
    statement = select(LinkQuestion).where(
        LinkQuestion.recording_id == recording.id, LinkQuestion.answered_at.is_(None)
    )
    return session.scalars(statement).first()


def answered_none(session: Session, recording: Recording) -> LinkQuestion | None:
    """The linker's latest question to which somebody said that it belongs to no case: no link shows why."""
    of_a_person = LinkQuestion.answered_by.is_not(None), LinkQuestion.chosen_case_id.is_(None)
    statement = select(LinkQuestion).where(LinkQuestion.recording_id == recording.id, *of_a_person)
    return session.scalars(statement.order_by(LinkQuestion.answered_at.desc()).limit(1)).first()


def pending_requests(visit: Visit, recording: Recording) -> tuple[AccessRequest, ...]:
    """What this person has asked for and nobody has decided, for the cases this recording stands in."""
    cases = {case.id for case in cases_of(visit.session, [recording.id]).get(recording.id, ())}
    asked = list_requests(visit.session, own_units(visit.person), state="pending", person_id=visit.person.id, limit=200)
    return tuple(request for request in asked.items if request.case_id in cases)


def open_cases(visit: Visit, limit: int = 200) -> tuple[Case, ...]:
    """What a recording can be linked to, the latest case first; closed ones too, because footage comes late."""
    statement = select(Case).where(of_own(visit.person, Case.unit_id))
    statement = statement.order_by(Case.closed_at.is_not(None), Case.opened_at.desc()).limit(limit)
    return tuple(visit.session.scalars(statement))


def stages_of_any(cases: Sequence[Case]) -> tuple[str, ...]:
    """The stages of their procedures: nobody is offered a hearing where no case has one."""
    reached = {stage for procedure in {case.procedure for case in cases} for stage in stages_in(procedure)}
    return tuple(stage for stage in STAGES if stage in reached)


def recall_minutes(visit: Visit, where: Whereabouts | None) -> int | None:
    """How long an original takes to come back; None where it is here, or nobody can say."""
    seconds = None if where is None else where.estimated_seconds(int(visit.archive.settings.cold_rate))
    return None if seconds is None else max(1, round(seconds / 60))


def may_recall(visit: Visit, recording: Recording) -> bool:
    try:
        grant_to_recall(visit.session, visit.person, recording.id, visit.now)
    except AccessRefused:
        return False
    return True


def may_do(visit: Visit) -> dict[str, bool]:
    """Which forms this person is shown; the API decides again whether he may."""
    role = visit.person.role
    return {
        "ask": role in casework_permission.MAY["ask_for_access"],
        "link": role in casework_permission.MAY["link_recordings"],
        "hold": role in retention_permission.MAY["hold"],
        "lengthen": role in retention_permission.MAY["lengthen"],
    }
