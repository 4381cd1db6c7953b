"""Who may see what, who is what, where a case stands: a row that no entry accounts for is found and named."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import func, select

from api.credentials import create_api_token
from api.http.reading.entries import UNREADABLE, EntryFilter, list_entries
from api.pages.ledger_shown import show_entries
from api.verification import VerificationReport, verify_archive
from casework.case_procedures import state_procedure
from casework.cases import assign, correct_assignment, withdraw_assignment
from casework.closing import close_case
from casework.handling import name_officer, release_officer, state_identity_shown
from casework.linking.by_hand import unlink
from casework.linking.candidates import Candidate
from casework.linking.rows import ask_which_case, settle_question, withdraw_question
from casework.organisation import change_role, create_person, deactivate_person, set_password_hash
from casework.register.certificates import add_certificate
from casework.requests import ask, refuse, revoke
from casework.stages import enter_stage
from ingest.stations.enrolment import revoke_station
from ingest.stations.limits import set_limits
from integrity.ledger_entry import LedgerEntry
from retention.holds import place_hold, release_hold
from storage.catalog.access import AccessRequest, Grant
from storage.catalog.casework import CaseLink
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording
from storage.catalog.retention import Hold
from storage.ledger.append import Actor, Change, record_change
from tests.api.sealing_archive import KeptArchive, kept_archive
from tests.api.tampering import as_superuser, changed

OPERATOR = Actor.system("admin")
CONTENT = b"no picture, but evidence\n" * 1000


@pytest.fixture(scope="module")
def with_a_past(server: Any, bare: KeptArchive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeptArchive]:
    with kept_archive(server, tmp_path_factory.mktemp("lived-in"), bare, _begin_to_live) as kept:
        yield kept


@pytest.fixture
def begun_with(request: pytest.FixtureRequest, bare: KeptArchive) -> KeptArchive:
    return request.getfixturevalue("with_a_past") if "lived_in" in request.fixturenames else bare


@pytest.fixture
def lived_in(sealing: Any) -> Any:
    """An archive in which each kind of row was made, and one of each kind changed as far as it goes."""
    with sealing.archive.database.reading() as session:
        sealing.recording = session.scalars(select(Recording)).one()
        sealing.granted = session.scalars(select(Grant)).one()
        sealing.publisher = session.scalars(select(Person).where(Person.sign_in_name == "publisher")).one()
    return sealing


def _begin_to_live(archive: Any) -> None:
    archive.link(archive.seal(CONTENT))
    archive.grant("view")
    _add_publisher(archive)
    _live(archive, archive.people["supervisor"], archive.people["other"])


def _add_publisher(archive: Any) -> Person:
    with archive.archive.database.transaction() as session:
        person = create_person(
            session,
            OPERATOR,
            unit_id=archive.unit.id,
            name="公示",
            sign_in_name="publisher",
            role="officer",
            badge_number="000777",
        )
        create_api_token(session, person, "program", datetime.now(UTC) + timedelta(days=1))
        set_password_hash(session, OPERATOR, person.id, "a hash")
        return change_role(session, OPERATOR, person.id, "publisher")


def _live(archive: Any, supervisor: Person, other: Person) -> None:
    leaver = archive.people["officer"]
    with archive.archive.database.transaction() as session:
        asked = ask(session, supervisor, case_id=archive.case.id, kind="copy", purpose="x")
        refuse(session, archive.people["legal"], asked.id, "不必")
        enter_stage(session, leaver, archive.case.id, "investigation")
        enter_stage(session, supervisor, archive.case.id, "initiation", "立案材料不全")
        enter_stage(session, leaver, archive.case.id, "investigation")
        add_certificate(session, OPERATOR, leaver.id, number="Z1", valid_from=date(2020, 1, 1), last_day=None)
        name_officer(session, leaver, archive.case.id, supervisor.id)
        release_officer(session, leaver, name_officer(session, leaver, archive.case.id, leaver.id).id, "调离")
        shown = {"person_id": leaver.id, "shown_at": datetime(2026, 3, 2, 1, tzinfo=UTC), "now": datetime.now(UTC)}
        state_identity_shown(session, leaver, archive.case.id, **shown)
        state_procedure(session, leaver, archive.case.id, "hearing_penalty", "当事人要求听证")
        start = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
        span = {"starts_at": start, "ends_at": start + timedelta(hours=2)}
        scene = {"latitude": 32.0612, "longitude": 118.7632}
        assign(session, leaver, archive.case.id, **span, officer="000123", device="AB00001", **scene)
        assign(session, leaver, archive.case.id, **span, device="AB00002")
        wrong = assign(session, leaver, archive.case.id, **span, device="AB00020")
        correct_assignment(session, leaver, wrong.id, "编号录错", **span, device="AB00021")
        doubled = assign(session, OPERATOR, archive.case.id, **span, device="AB00022")
        withdraw_assignment(session, OPERATOR, doubled.id, "重复登记")
        place_hold(session, supervisor, case_id=archive.case.id, reason="复议")
        release_hold(session, supervisor, place_hold(session, supervisor, case_id=archive.case.id, reason="a").id, "b")
        set_limits(session, OPERATOR, archive.station_id, 256, 1 << 40)
        deactivate_person(session, OPERATOR, leaver.id, "离职")


@pytest.fixture
def superuser(server: Any, addresses: Any) -> Iterator[psycopg.Connection[Any]]:
    """Who can do everything: guards off, keys between tables off."""
    with as_superuser(server, addresses) as connection:
        yield connection


def audit(archive: Any) -> VerificationReport:
    return verify_archive(archive.archive, 0)


def named(report: VerificationReport) -> set[tuple[str, str]]:
    return {(finding.code, finding.subject) for finding in report.findings}


def _end_everything(archive: Any) -> None:
    with archive.archive.database.transaction() as session:
        supervisor, other = archive.people["supervisor"], archive.people["other"]
        revoke(session, other, archive.granted.id, "撤回")
        unlink(session, supervisor, session.scalars(select(CaseLink.id)).one(), reason="错归")
        close_case(session, supervisor, archive.case.id, "并案")
        revoke_station(session, OPERATOR, archive.station_id)
    archive.settle()


def test_rows_that_changed_by_the_rules_are_sound(lived_in: Any) -> None:
    _end_everything(lived_in)
    report = audit(lived_in)
    assert report.findings == ()
    assert report.counts["rows"] == 1 + 5 + 2 + 1 + 1 + 4 + 4 + 5 + 1 + 2 + 1 + 1 + 1


def test_access_forged_with_the_applications_own_password_is_found(lived_in: Any) -> None:
    """What the role of the application can do in psql, without an entry."""
    request_id, grant_id, hold_id = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    publisher, supervisor, case, now = lived_in.publisher, lived_in.people["supervisor"], lived_in.case, func.now()
    about = {"unit_id": lived_in.unit.id, "case_id": case.id}
    for_him = {**about, "person_id": publisher.id, "kind": "view"}
    decided = {"state": "approved", "decided_by": supervisor.id, "decided_at": datetime.now(UTC)}
    until = {"granted_at": datetime.now(UTC), "expires_at": datetime.now(UTC) + timedelta(days=1)}
    with lived_in.archive.database.transaction() as session:
        session.add(AccessRequest(id=request_id, purpose="x", **for_him, **decided))
        session.flush()
        session.add(Grant(id=grant_id, request_id=request_id, approved_by=supervisor.id, **for_him, **until))
        session.add(Hold(id=hold_id, reason="x", placed_by=supervisor.id, released_at=now, **about))
        session.get_one(Person, publisher.id).role = "administrator"
    report = audit(lived_in)
    assert named(report) == {
        ("row_unaccounted", f"access_request {request_id}"),
        ("row_unaccounted", f"access_grant {grant_id}"),
        ("row_unaccounted", f"hold {hold_id}"),
        ("row_differs", f"person {publisher.id}: role"),
    }
    role = next(finding for finding in report.findings if finding.subject.endswith("role"))
    assert (role.expected, role.found) == ("publisher", "administrator")
    assert role.chinese
    assert role.english


_STANDS_AGAIN = "withdrawn_at = NULL, withdrawn_by = NULL, withdraw_reason = NULL, replaced_by = NULL"
CHANGES = [
    ("person", "active = true WHERE NOT active", "active"),
    ("person", "role = 'auditor' WHERE sign_in_name = 'other'", "role"),
    ("person", "unit_id = gen_random_uuid() WHERE sign_in_name = 'other'", "unit_id"),
    ("person", "password_hash = 'mine' WHERE sign_in_name = 'other'", "can_sign_in"),
    ("access_request", "person_id = gen_random_uuid()", "person_id"),
    ("access_request", "kind = 'copy' WHERE state = 'approved'", "kind"),
    ("access_request", "state = 'approved' WHERE state = 'refused'", "state"),
    ("access_request", "decided_by = gen_random_uuid()", "decided_by"),
    ("access_grant", "person_id = gen_random_uuid()", "person_id"),
    ("access_grant", "case_id = gen_random_uuid()", "case_id"),
    ("access_grant", "kind = 'copy'", "kind"),
    ("access_grant", "approved_by = gen_random_uuid()", "approved_by"),
    ("access_grant", "expires_at = expires_at + interval '1 second'", "expires_at"),
    ("access_grant", "revoked_at = now()", "revoked"),
    ('"case"', "closed_at = now()", "closed"),
    ('"case"', "stage = 'execution'", "stage"),
    ('"case"', "kind = 'inspection', procedure = 'unstated'", "kind"),
    ('"case"', "procedure = 'ordinary_penalty'", "procedure"),
    ("case_assignment", "officer = '000124' WHERE officer IS NOT NULL", "officer"),
    ("case_assignment", "officer = '000124' WHERE officer IS NULL", "officer"),
    ("case_assignment", "device = 'AB00003'", "device"),
    ("case_assignment", "span = tstzrange(lower(span), upper(span) + interval '1 hour', '[)')", "ends_at"),
    ("case_assignment", "span = tstzrange(lower(span) - interval '1 hour', upper(span), '[)')", "starts_at"),
    ("case_assignment", "stage = 'execution'", "stage"),
    ("case_assignment", "latitude = 31.0 WHERE latitude IS NOT NULL", "latitude"),
    ("case_assignment", "latitude = 31.0, longitude = 121.0 WHERE latitude IS NULL", "longitude"),
    ("case_assignment", "case_id = gen_random_uuid()", "case_id"),
    ("case_assignment", "unit_id = gen_random_uuid()", "unit_id"),
    ("case_assignment", "latitude = 31.2, longitude = 121.4", "latitude"),
    ("case_assignment", _STANDS_AGAIN, "withdrawn"),
    ("case_assignment", "withdraw_reason = 'x' WHERE withdrawn_at IS NOT NULL", "withdraw_reason"),
    ("case_assignment", "withdrawn_by = gen_random_uuid() WHERE withdrawn_at IS NOT NULL", "withdrawn_by"),
    ("case_assignment", "replaced_by = NULL WHERE withdrawn_at IS NOT NULL", "replaced_by"),
    ("case_stage", "entered_by = gen_random_uuid() WHERE stage = 'investigation'", "entered_by"),
    ("case_stage", "reason = 'x' WHERE ordinal = 3", "reason"),
    ("case_stage", "from_stage = 'decision' WHERE ordinal = 3", "from_stage"),
    ("case_stage", "stage = 'decision' WHERE ordinal = 2", "stage"),
    ("case_stage", "unit_id = gen_random_uuid()", "unit_id"),
    ("case_officer", "person_id = gen_random_uuid()", "person_id"),
    ("case_officer", "ended_at = NULL, ended_by = NULL, end_reason = NULL", "ended"),
    ("case_officer", "end_reason = 'x' WHERE ended_at IS NOT NULL", "end_reason"),
    ("identity_shown", "person_id = gen_random_uuid()", "person_id"),
    ("identity_shown", "shown_at = shown_at + interval '1 second'", "shown_at"),
    ("case_link", "ended_at = now()", "ended"),
    ("case_link", "case_id = gen_random_uuid()", "case_id"),
    ("case_link", "recording_id = gen_random_uuid()", "recording_id"),
    ("case_link", "person_id = gen_random_uuid()", "person_id"),
    ("hold", "released_at = now() WHERE released_at IS NULL", "released"),
    ("hold", "released_at = NULL, released_by = NULL", "released"),
    ("hold", "case_id = gen_random_uuid()", "case_id"),
    ("station", "revoked_at = now()", "revoked"),
    ("station", "max_uploads = 512", "max_uploads"),
    ("station", "max_waiting_bytes = NULL", "max_waiting_bytes"),
    ("api_token", "revoked_at = now()", "revoked"),
    ("api_token", "person_id = gen_random_uuid()", "person_id"),
    ("api_token", "expires_at = NULL", "expires_at"),
]


def test_a_changed_fact_is_found_and_named(lived_in: Any, superuser: psycopg.Connection[Any]) -> None:
    left = list(CHANGES)
    while left:
        # One of each table at once: an audit looks at each table by itself.
        at_once = {table: (change, fact) for table, change, fact in reversed(left)}
        left = [(table, *rest) for table, *rest in left if tuple(rest) != at_once[table]]
        with ExitStack() as undo:
            for table, (change, _) in at_once.items():
                undo.enter_context(changed(superuser, table, f"UPDATE {table} SET {change}"))
            found = [finding for finding in audit(lived_in).findings if finding.code == "row_differs"]
        subjects = [finding.subject for finding in found]
        for table, (change, fact) in at_once.items():
            about = table.strip('"') + " "
            assert any(each.startswith(about) and each.endswith(f": {fact}") for each in subjects), (change, subjects)
        assert all(finding.found is not None for finding in found)
    assert audit(lived_in).holds


# Of each table the facts that are an entry's own time, by their columns; and those it committed to.
INSTANTS = {
    "unit": {"created_at": "created_at"},
    "person": {"created_at": "created_at"},
    "access_request": {"asked_at": "asked_at", "decided_at": "decided_at"},
    "access_grant": {"granted_at": "granted_at", "revoked_at": "revoked"},
    "case": {"opened_at": "opened_at", "closed_at": "closed"},
    "case_stage": {"entered_at": "entered_at"},
    "case_link": {"created_at": "created_at", "ended_at": "ended"},
    "hold": {"placed_at": "placed_at", "released_at": "released"},
    "station": {"created_at": "created_at", "revoked_at": "revoked"},
    "api_token": {"created_at": "created_at"},
    "upload": {"created_at": "created_at", "finished_at": "finished_at"},
    "recording": {"sealed_at": "sealed_at"},
}
WORDS = {
    "unit": ("name", "code"),
    "person": ("name", "sign_in_name", "badge_number"),
    "access_request": ("purpose", "decision_reason"),
    "case": ("number", "title"),
    "case_link": ("reason", "end_reason"),
    "hold": ("reason", "release_reason"),
    "station": ("name",),
    "api_token": ("label",),
}


def test_instants_moved_and_words_rewritten_are_named_in_every_kind_of_row(
    lived_in: Any, superuser: psycopg.Connection[Any]
) -> None:
    _end_everything(lived_in)
    for table, instants in INSTANTS.items():
        moved = ", ".join(f"{column} = {column} - interval '61 minutes'" for column in instants)
        superuser.execute(f'UPDATE "{table}" SET {moved}'.encode())
    for table, words in WORDS.items():
        superuser.execute(f'UPDATE "{table}" SET {", ".join(f"{word} = {word} || 1" for word in words)}'.encode())
    found = {(each.subject.split()[0], each.subject.rpartition(": ")[2]) for each in audit(lived_in).findings}
    expected = {(table, fact) for table, instants in INSTANTS.items() for fact in instants.values()}
    expected |= {(table, word) for table, words in WORDS.items() for word in words}
    assert found == expected


@pytest.mark.parametrize(
    "table", ["person", "access_request", "access_grant", "case", "case_assignment", "case_link", "hold", "api_token"]
)
def test_a_row_under_another_id_is_one_too_many_and_one_too_few(
    lived_in: Any, superuser: psycopg.Connection[Any], table: str
) -> None:
    superuser.execute(f"""UPDATE "{table}" SET id = gen_random_uuid()""")
    codes = {code for code, subject in named(audit(lived_in)) if subject.startswith(f"{table} ")}
    assert codes == {"row_unaccounted", "logged_row_missing"}


def test_a_second_entry_cannot_make_a_row_again(lived_in: Any) -> None:
    """The application's role may append entries: it cannot take back what the first one said."""
    role = Change("person.created", "person", str(lived_in.publisher.id), lived_in.unit.id, {"role": "administrator"})
    moved = Change(
        "person.role_changed", "person", role.subject_id, lived_in.unit.id, {"from": "auditor", "to": "publisher"}
    )
    with lived_in.archive.database.transaction() as session:
        record_change(session, OPERATOR, role)
        record_change(session, OPERATOR, moved)
    lived_in.settle()
    assert named(audit(lived_in)) == {
        ("row_differs", f"person {role.subject_id}"),
        ("row_differs", f"person {role.subject_id}: role"),
    }


def test_entries_dated_back_are_found_and_named_together(lived_in: Any, superuser: psycopg.Connection[Any]) -> None:
    for hours in (2, 3, 0.5):
        entry = _entry(datetime.now(UTC) - timedelta(hours=hours))
        _insert(superuser, entry.id, entry.to_bytes(), entry.occurred_at, None)
    lived_in.settle()
    report = audit(lived_in)
    assert [(finding.code, finding.severity) for finding in report.findings] == [("entries_out_of_time", "warning")]
    assert report.checkpoint is not None
    size = report.checkpoint.size
    assert report.findings[0].subject == f"ledger entries {size - 3} to {size - 2}"


def _insert(
    superuser: psycopg.Connection[Any], entry_id: uuid.UUID, entry: bytes, occurred_at: datetime, unit_id: Any
) -> None:
    """Past every guard of the database."""
    superuser.execute(
        "INSERT INTO ledger_entry (id, unit_id, action, subject_id, entry, occurred_at)"
        " VALUES (%s, %s, 'test.noted', 'x', %s, %s)",
        [entry_id, unit_id, entry, occurred_at],
    )


def _entry(occurred_at: datetime) -> LedgerEntry:
    return LedgerEntry(
        id=uuid.uuid4(),
        occurred_at=occurred_at,
        action="test.noted",
        actor_kind="system",
        actor_id="test",
        unit_id=None,
        subject_kind="test",
        subject_id="x",
        data={},
    )


@pytest.mark.parametrize("content", [b"no entry", b"{}", b"[" * 60_000, b'{"v":1}', b"\xff\x00"])
def test_an_entry_that_cannot_be_read_is_named_and_the_others_stay_readable(
    lived_in: Any, superuser: psycopg.Connection[Any], content: bytes
) -> None:
    stray = uuid.uuid4()
    _insert(superuser, stray, content, datetime.now(UTC), lived_in.unit.id)
    lived_in.settle()
    report = audit(lived_in)
    assert report.checkpoint is not None
    assert named(report) == {("entry_unreadable", f"ledger entry {report.checkpoint.size - 1}")}
    with lived_in.archive.database.reading() as session:
        entries = list_entries(session, lived_in.people["other"], EntryFilter(), None, 50).items
    assert (entries[0].entry_id, entries[0].index) == (stray, report.checkpoint.size - 1)
    assert entries[0].entry["action"] == UNREADABLE
    assert entries[0].entry["data"] == {"bytes": content.hex()}
    assert [shown.action for shown in show_entries(entries)].count(UNREADABLE) == 1
    assert len(entries) > 5


def test_questions_about_cases_are_held_against_their_entries(lived_in: Any, superuser: Any) -> None:
    officer, other = lived_in.people["supervisor"], Candidate(lived_in.case.id, "initiation")
    with lived_in.archive.database.transaction() as session:
        recording = session.get_one(Recording, lived_in.recording.id)
        withdrawn = ask_which_case(session, recording, [other], (), None)
        withdraw_question(session, withdrawn)
        answered = ask_which_case(session, recording, [other], (), None)
        settle_question(session, officer, answered, lived_in.case.id, "看过画面")
    lived_in.settle()
    assert audit(lived_in).findings == ()
    for change, fact in (
        ("answered_by = NULL, reason = NULL", "answered_by"),
        ("reason = '另有原因'", "reason"),
        ("reason = NULL", "reason"),
        ("candidates = jsonb_set(candidates, '{0,score}', '99')", "candidates_sha256"),
        ("candidates = jsonb_set(candidates, '{0,stage}', '\"execution\"')", "candidates_sha256"),
        (f"candidates = jsonb_set(candidates, '{{0,case_id}}', '\"{uuid.UUID(int=7)}\"')", "cases"),
    ):
        with changed(superuser, "link_question", f"UPDATE link_question SET {change} WHERE id = '{answered.id}'"):
            assert ("row_differs", f"link_question {answered.id}: {fact}") in named(audit(lived_in)), change
    forged = f"UPDATE link_question SET reason = 'x', answered_by = '{officer.id}' WHERE id = '{withdrawn.id}'"
    with changed(superuser, "link_question", forged):
        assert ("row_differs", f"link_question {withdrawn.id}: reason") in named(audit(lived_in))
    with changed(superuser, "link_question", "UPDATE link_question SET candidates = '[]'"):
        assert {about.rpartition(": ")[2] for _, about in named(audit(lived_in))} == {"cases", "candidates_sha256"}


def test_a_stage_that_no_entry_entered_and_one_that_is_gone_are_named(lived_in: Any, superuser: Any) -> None:
    of_case = f"case_stage of case {lived_in.case.id}"
    with changed(superuser, "case_stage", "UPDATE case_stage SET ordinal = 7 WHERE ordinal = 4"):
        assert named(audit(lived_in)) == {
            ("row_unaccounted", f"{of_case}: 7"),
            ("logged_row_missing", f"{of_case}: 4"),
        }
