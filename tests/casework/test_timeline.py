from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.access import find_grant
from casework.checklists.checklists import load_shipped_checklists
from casework.closing import close_case
from casework.deadlines.events import enter_event, fulfil_term, withdraw_event
from casework.deadlines.loading import load_shipped_terms
from casework.export import finish_export, start_export
from casework.handling import name_officer, release_officer, state_identity_shown
from casework.linking.by_hand import link_by_hand, unlink
from casework.playback import open_window
from casework.procedure.acts import add_act, withdraw_act
from casework.procedure.contacts import state_notice_given
from casework.procedure.explanations import decide_explanation, explain_gap, withdraw_explanation
from casework.procedure.stating import Stated
from casework.requests import approve, ask, refuse, revoke
from casework.review.decisions import Said, draft_decision, withdraw_decision
from casework.service.serving import Served, state_service, withdraw_service
from casework.stages import enter_stage
from casework.timeline import TIMELINE_KINDS, case_timeline
from integrity.digest import Digest
from integrity.local_time import chinese_day
from retention.errors import OutsideUnit
from retention.paging import Cursor
from storage.catalog.deadlines import CaseTerm
from storage.catalog.decisions import DecisionVersion

NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)


def act_and_explain(session: Session, officer: Any, supervisor: Any, case_id: Any) -> None:
    """One explanation confirmed and withdrawn, one refused; and the act withdrawn, so that the case can be closed."""
    load_shipped_checklists(session, NOW)
    start, end = NOW - timedelta(hours=2), NOW - timedelta(hours=1)
    act = add_act(session, officer, case_id, Stated("hearing", start, end, None, (officer.id,)), NOW).act
    times = {"starts_at": start, "ends_at": end, "reason": "r", "now": NOW}
    first, second = (explain_gap(session, officer, act.id, **times) for _ in range(2))
    decide_explanation(session, supervisor, first.id, confirmed=True)
    withdraw_explanation(session, officer, first.id, "r")
    decide_explanation(session, supervisor, second.id, confirmed=False, reason="r")
    withdraw_act(session, supervisor, act.id, "r")


def event_and_term(session: Session, officer: Any, supervisor: Any, case_id: Any) -> None:
    load_shipped_terms(session, NOW)
    event = enter_event(session, officer, case_id, "hearing_offered", chinese_day(NOW), NOW)
    term = session.scalars(select(CaseTerm).where(CaseTerm.event_id == event.id)).one()
    fulfil_term(session, officer, term.id, chinese_day(NOW), NOW)
    withdraw_event(session, supervisor, event.id, "日期抄错")


def serve_and_take_back(session: Session, officer: Any, supervisor: Any, case: Any, receipt: Any) -> None:
    said = {"document_number": "7", "receiver": "张某", "recording_id": receipt.id}
    served = Served("in_person", NOW - timedelta(days=2), "张某", **said)
    row = state_service(session, officer, case.id, served, (), NOW)
    withdraw_service(session, supervisor, row.id, "r")


def decide_and_take_back(session: Session, archive: Any, officer: Any, supervisor: Any, case: Any) -> None:
    issue = archive.decide(case, supervisor, kind="coercion", measures=("seizure",))
    issued = session.get_one(DecisionVersion, issue.version_id)
    facts = ("level", "field", "party", "party_kind", "content")
    said = Said("coercion", ("seizure",), **{name: getattr(issued, name) for name in facts})
    withdraw_decision(session, officer, draft_decision(session, officer, case.id, said).decision_id, "r")


def test_whole_life_of_a_case_is_one_ordered_list(session: Session, archive: Any) -> None:
    unit = archive.unit()
    officer, supervisor = archive.person(unit, "officer"), archive.person(unit, "supervisor")
    case = archive.case(officer)
    made_at = NOW - timedelta(days=3)
    recording, wrong = archive.recording(unit, started_at=made_at), archive.recording(unit, started_at=None)
    undated = archive.recording(unit, started_at=None)
    for row in (undated, recording, wrong):
        link = link_by_hand(session, officer, recording_id=row.id, case_id=case.id, stage="investigation", reason="r")
    unlink(session, officer, link.id, "不是本案")
    enter_stage(session, officer, case.id, "investigation")
    enter_stage(session, supervisor, case.id, "initiation", "立案材料不全")
    archive.certify(officer)
    handling = name_officer(session, officer, case.id, officer.id)
    release_officer(session, officer, handling.id, "调离")
    state_identity_shown(session, officer, case.id, person_id=officer.id, shown_at=made_at, now=NOW)
    state_notice_given(session, officer, case.id, person_id=officer.id, given_at=made_at, now=NOW)
    act_and_explain(session, officer, supervisor, case.id)
    serve_and_take_back(session, officer, supervisor, case, recording)
    decide_and_take_back(session, archive, officer, supervisor, case)
    refuse(session, supervisor, ask(session, officer, case_id=case.id, kind="view", purpose="p").id, "r")
    view, copy = (archive.grant(case, officer, supervisor, kind=kind) for kind in ("view", "copy"))
    values = {"recording_id": recording.id, "object_name": archive.rendition(recording).object_name}
    values |= {"object_size": 200 << 20}
    found = find_grant(session, officer, recording.id, "view", NOW)
    for first_byte in (0, 100 << 20):
        open_window(session, officer, found, first_byte=first_byte, last_byte=first_byte, now=NOW, **values)
    poster = {**values, "object_name": archive.rendition(recording, "poster-0").object_name, "object_size": 10}
    open_window(session, officer, found, first_byte=0, last_byte=9, now=NOW, **poster)
    export = start_export(session, officer, case.id, copy.id, NOW)
    finish_export(session, officer, export.id, Digest.of("sha256", b""))
    revoke(session, supervisor, view.id, "r")
    event_and_term(session, officer, supervisor, case.id)
    close_case(session, supervisor, case.id, "结案")

    items = case_timeline(session, officer, case.id).items
    assert [item.at for item in items] == sorted(item.at for item in items)
    # Of archiving, documents and copies: tests/api/http/test_archiving.py, test_documents.py and test_redaction.py;
    # of what a party is told: tests/casework/notices/test_copied.py.
    elsewhere = ("secrecy_stated", "archived", "archive_supplemented", "document_", "copy_", "party_")
    assert {item.kind for item in items} == {kind for kind in TIMELINE_KINDS if not kind.startswith(elsewhere)}
    kinds = [item.kind for item in items]
    assert {kind: kinds.count(kind) for kind in ("stage_entered", "recording_made", "recording_linked", "viewed")} == {
        "stage_entered": 2,
        "recording_made": 1,
        "recording_linked": 3,
        "viewed": 1,
    }
    made = items[kinds.index("recording_made")]
    assert (made.at, made.recording_id, made.person_id) == (made_at, recording.id, None)
    received = items[kinds.index("recording_received")]
    assert (received.at, received.recording_id) == (undated.received_at, undated.id)
    viewed = items[kinds.index("viewed")]
    assert (viewed.subject_id, viewed.person_id, viewed.recording_id) == (view.id, officer.id, recording.id)

    paged, after = [], None
    while True:
        page = case_timeline(session, officer, case.id, after=after, limit=4)
        paged += page.items
        if page.next is None:
            break
        after = Cursor.parse(page.next.to_text())
    assert tuple(paged) == items


def test_timeline_holds_nothing_of_other_cases(session: Session, archive: Any) -> None:
    unit = archive.unit()
    officer, supervisor = archive.person(unit, "officer"), archive.person(unit, "supervisor")
    case, other = archive.case(officer), archive.case(officer)
    archive.link(archive.recording(unit), other, officer)
    archive.grant(other, officer, supervisor)
    assert [item.kind for item in case_timeline(session, officer, case.id).items] == ["stage_entered"]
    with pytest.raises(OutsideUnit):
        case_timeline(session, archive.person(archive.unit(), "officer"), case.id)


def test_who_named_an_officer_and_whom_are_both_said(session: Session, archive: Any) -> None:
    unit = archive.unit()
    naming, named = archive.person(unit, "officer"), archive.person(unit, "officer")
    archive.certify(named)
    case = archive.case(naming)
    name_officer(session, naming, case.id, named.id)
    (item,) = [each for each in case_timeline(session, naming, case.id).items if each.kind == "officer_named"]
    assert (item.person_id, item.detail) == (naming.id, named.name)


def test_what_is_granted_at_once_comes_after_its_being_asked_for(session: Session, archive: Any) -> None:
    unit = archive.unit()
    officer, supervisor = archive.person(unit, "officer"), archive.person(unit, "supervisor")
    case = archive.case(officer)
    request = ask(session, officer, case_id=case.id, kind="view", purpose="p")
    just_before = request.asked_at - timedelta(milliseconds=5)
    approve(session, supervisor, request.id, expires_at=just_before + timedelta(hours=1), now=just_before)
    kinds = [each.kind for each in case_timeline(session, officer, case.id).items]
    assert kinds.index("access_requested") < kinds.index("access_granted")
