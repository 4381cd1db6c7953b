"""A closed case is archived: refused with everything that is missing, then whole, and never changed any more."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.engines.roles import DatabaseAddresses
from casework.archiving.archives import archive_case, supplement_archive
from casework.archiving.catalogues import catalogues_of
from casework.archiving.errors import AlreadyArchived, NotArchivable, NotArchived, NothingAdded
from casework.archiving.readiness import Wanted
from casework.archiving.secrecy import state_secrecy
from casework.cases import assign, open_case
from casework.closing import close_case
from casework.errors import AlreadyLinked, CaseArchived, CaseClosed, RoleNotAllowed, TextUnusable, WordUnknown
from casework.handling import name_officer
from casework.linking.by_hand import link_by_hand, unlink
from casework.linking.candidates import Candidate
from casework.linking.rows import ask_which_case
from casework.stages import enter_stage
from integrity.catalogue import parse_catalogue
from retention.errors import OutsideUnit, UnknownRetentionClass
from storage.catalog.archiving import CaseArchive
from storage.catalog.casework import CaseLink
from storage.catalog.elements import ElementQuestion
from storage.catalog.recordings import Recording
from storage.database import Database
from storage.keystore import KeyStore, WrappedKey
from tests.casework.archiving.conftest import ORDINARY, STAGES, go_through, put
from tests.casework.procedure.conftest import START, Team


def refused(team: Team, wanted: Wanted, keys: KeyStore) -> list[str]:
    """The codes of what is missing; nothing was changed."""
    with pytest.raises(NotArchivable) as caught:
        archive_case(team.session, team.supervisor, team.case.id, wanted, keys)
    assert team.session.scalars(select(CaseArchive)).all() == []
    return [each.code for each in caught.value.missing]


def archived(team: Team, keys: KeyStore, wanted: Wanted = ORDINARY) -> CaseArchive:
    return archive_case(team.session, team.supervisor, team.case.id, wanted, keys)


def test_everything_that_is_missing_is_named_at_once(team: Team, keys: KeyStore) -> None:
    team.act()
    with pytest.raises(NotArchivable) as caught:
        archived(team, keys, Wanted())
    found = [(each.code, each.stages) for each in caught.value.missing]
    assert found == [
        ("not_closed", ()),
        ("stage_empty", ("initiation",)),
        ("stages_skipped", ("investigation", "decision", "execution")),
        ("act_incomplete", ()),
        ("no_secrecy", ()),
        ("no_retention", ()),
    ]
    words = str(caught.value)
    for part in (
        "it is not closed",
        "its stage initiation",
        "Sealing or seizing property",
        "permanent at least",
        "第十三条",
    ):
        assert part in words


def test_a_case_with_something_in_every_stage_is_archived(closed: Team, keys: KeyStore) -> None:
    row = archived(closed, keys)
    assert (row.secrecy_class, row.retention_class, row.archived_by) == ("ordinary", "permanent", closed.supervisor.id)
    (kept,) = catalogues_of(closed.session, closed.case.id)
    catalogue = parse_catalogue(kept.content)
    assert [each.stage for each in catalogue.items] == list(STAGES)
    assert (catalogue.unit_name, catalogue.made_by) == (closed.unit.name, closed.supervisor.name)
    linked = select(Recording.sha256).join(CaseLink, CaseLink.recording_id == Recording.id)
    digests = set(closed.session.scalars(linked.where(CaseLink.case_id == closed.case.id)))
    assert {each.sha256.value for each in catalogue.items if each.sha256} == digests
    entry = closed.archive.last_entry("case.archived")
    assert entry.data == {
        "archive_id": str(row.id),
        "secrecy_class": "ordinary",
        "retention_class": "permanent",
        "rules": row.rules,
        "catalogue_id": str(kept.id),
        "version": 1,
        "catalogue_sha256": kept.sha256.hex(),
        "items": 4,
    }
    assert len(row.rules) == 1


@pytest.mark.parametrize("stage", STAGES)
def test_an_empty_stage_refuses_and_is_named(team: Team, recorded: Any, keys: KeyStore, stage: str) -> None:
    go_through(team)
    for each in STAGES:
        if each != stage:
            recorded(team, each)
    close_case(team.session, team.supervisor, team.case.id)
    with pytest.raises(NotArchivable) as caught:
        archived(team, keys)
    assert [(each.code, each.stages) for each in caught.value.missing] == [("stage_empty", (stage,))]
    # Footage comes late, also into a closed case.
    put(team, recorded(team), stage)
    assert archived(team, keys).case_id == team.case.id


def test_a_stage_that_the_procedure_lets_a_case_leave_out_may_be_empty(
    team: Team, recorded: Any, keys: KeyStore
) -> None:
    said = {"number": "江城罚〔2026〕简1号", "title": "占道经营", "procedure": "simple_penalty"}
    team.case = open_case(team.session, team.officer, **said)
    team.archive.certify(team.officer)
    name_officer(team.session, team.officer, team.case.id, team.officer.id)
    for stage in ("decision", "execution"):
        if stage == "execution":
            team.archive.decide(team.case, team.officer)
        enter_stage(team.session, team.officer, team.case.id, stage)
    for stage in ("initiation", "decision", "execution"):
        recorded(team, stage)
    close_case(team.session, team.officer, team.case.id)
    assert archived(team, keys).skipped_reason is None


def test_a_case_closed_early_says_why_it_never_came_to_its_stages(team: Team, recorded: Any, keys: KeyStore) -> None:
    recorded(team, "initiation")
    close_case(team.session, team.supervisor, team.case.id, "撤销案件")
    assert refused(team, ORDINARY, keys) == ["stages_skipped"]
    row = archived(team, keys, Wanted("ordinary", "permanent", "经查无违法事实，撤销案件"))
    assert row.skipped_reason == "经查无违法事实，撤销案件"
    items = parse_catalogue(catalogues_of(team.session, team.case.id)[0].content).items
    assert [(each.kind, each.stage) for each in items] == [
        ("recording", "initiation"),
        ("note", "investigation"),
        ("note", "decision"),
        ("note", "execution"),
    ]
    assert "经查无违法事实" not in team.archive.ledger_text()


def test_an_act_that_became_incomplete_after_the_close_refuses(team: Team, recorded: Any, keys: KeyStore) -> None:
    go_through(team)
    for stage in STAGES:
        recorded(team, stage)
    film = recorded(team, "investigation", started_at=START, duration_seconds=2400.0, uncertainty_seconds=0.0)
    team.act(minutes=30)
    close_case(team.session, team.supervisor, team.case.id)
    link = team.session.scalars(select(CaseLink).where(CaseLink.recording_id == film.id)).one()
    unlink(team.session, team.officer, link.id, "不是本案")
    assert refused(team, ORDINARY, keys) == ["act_incomplete"]


def test_open_questions_about_its_recordings_refuse(closed: Team, recorded: Any, keys: KeyStore) -> None:
    asked = ask_which_case(closed.session, recorded(closed), [Candidate(closed.case.id, "investigation")], [], None)
    linked = closed.session.scalars(select(CaseLink.recording_id).where(CaseLink.case_id == closed.case.id)).first()
    closed.session.add(
        ElementQuestion(
            recording_id=linked,
            element="place",
            unit_id=closed.unit.id,
            day=date(2026, 3, 9),
            codes=["missing"],
            fingerprint="f",
            asked_at=datetime.now(UTC),
        )
    )
    closed.session.flush()
    assert refused(closed, ORDINARY, keys) == ["link_questions", "element_questions"]
    asked.answered_at = datetime.now(UTC)
    closed.session.flush()
    assert refused(closed, ORDINARY, keys) == ["element_questions"]


def test_classes_that_are_none_or_too_short_are_refused(closed: Team, keys: KeyStore) -> None:
    assert refused(closed, Wanted("ordinary", "extended"), keys) == ["retention_too_short"]
    assert refused(closed, Wanted("state_secret", "permanent"), keys) == ["state_secret_unlicensed"]
    with pytest.raises(WordUnknown, match="secrecy_class"):
        archived(closed, keys, Wanted("secret", "permanent"))
    with pytest.raises(UnknownRetentionClass):
        archived(closed, keys, Wanted("ordinary", "a_while"))


def test_only_a_supervisor_of_the_unit_archives(closed: Team, archive: Any, keys: KeyStore) -> None:
    with pytest.raises(RoleNotAllowed):
        archive_case(closed.session, closed.officer, closed.case.id, ORDINARY, keys)
    stranger = archive.person(archive.unit(), "supervisor")
    with pytest.raises(OutsideUnit):
        archive_case(closed.session, stranger, closed.case.id, ORDINARY, keys)


def test_recordings_are_kept_for_as_long_and_never_for_less(team: Team, recorded: Any, keys: KeyStore) -> None:
    said = {"number": "江城检〔2026〕1号", "title": "日常检查", "procedure": "routine_check"}
    team.case = open_case(team.session, team.officer, **said)
    go_through(team)
    for stage in STAGES:
        recorded(team, stage)
    longer = recorded(team, "decision", retention_class="permanent", retain_until=None)
    close_case(team.session, team.supervisor, team.case.id)
    archived(team, keys, Wanted("ordinary", "extended"))
    rows = team.session.scalars(
        select(Recording).join(CaseLink, CaseLink.recording_id == Recording.id).where(CaseLink.case_id == team.case.id)
    ).all()
    assert {(row.retention_class, row.retain_until) for row in rows if row.id != longer.id} == {
        ("extended", date(2031, 3, 10))
    }
    assert (longer.retention_class, longer.retain_until) == ("permanent", None)
    entries = team.archive.entries("retention.lengthened")
    assert {each.subject_id for each in entries} == {str(row.id) for row in rows if row.id != longer.id}
    for row in rows:
        assert keys.unwrap_data_key(WrappedKey(row.kek_id, row.wrapped_data_key))


def test_what_is_archived_takes_no_more_changes(closed: Team, recorded: Any, keys: KeyStore) -> None:
    archived(closed, keys)
    link = closed.session.scalars(select(CaseLink).where(CaseLink.case_id == closed.case.id)).first()
    assert link is not None
    late = recorded(closed)
    with pytest.raises(CaseArchived):
        unlink(closed.session, closed.officer, link.id, "不是本案")
    with pytest.raises(CaseArchived, match="supplement"):
        put(closed, late, "investigation")
    with pytest.raises(CaseClosed):
        assign(closed.session, closed.officer, closed.case.id, starts_at=START, ends_at=datetime.now(UTC), device="A")
    with pytest.raises(AlreadyArchived):
        archived(closed, keys)


def test_a_supplement_adds_a_version_beside_the_first(closed: Team, recorded: Any, keys: KeyStore) -> None:
    archived(closed, keys)
    before = catalogues_of(closed.session, closed.case.id)[0]
    first = bytes(before.content)
    late = recorded(closed)
    made = supplement_archive(
        closed.session, closed.supervisor, closed.case.id, [(late.id, "investigation")], "存储卡修复后取得", keys
    )
    versions = catalogues_of(closed.session, closed.case.id)
    assert [row.version for row in versions] == [1, 2]
    assert (versions[0].content, made.reason) == (first, "存储卡修复后取得")
    items = parse_catalogue(made.content).items
    assert late.id in {each.id for each in items}
    assert {each.id for each in parse_catalogue(first).items} < {each.id for each in items}
    assert (late.retention_class, late.retain_until) == ("permanent", None)
    entry = closed.archive.last_entry("case.archive_supplemented")
    assert (entry.data["version"], entry.data["catalogue_sha256"]) == (2, made.sha256.hex())
    assert closed.archive.last_entry("recording.linked").subject_id == str(late.id)


def test_a_supplement_needs_a_recording_a_reason_and_an_archive(closed: Team, recorded: Any, keys: KeyStore) -> None:
    late = recorded(closed)

    def supplement(recordings: Any, reason: str = "迟到", by: Any = closed.supervisor) -> Any:
        return supplement_archive(closed.session, by, closed.case.id, recordings, reason, keys)

    with pytest.raises(NotArchived):
        supplement([(late.id, "investigation")])
    archived(closed, keys)
    linked = closed.session.scalars(select(CaseLink.recording_id).where(CaseLink.case_id == closed.case.id)).first()
    assert linked is not None
    for recordings, error in (
        ([], NothingAdded),
        ([(late.id, "investigation"), (late.id, "decision")], NothingAdded),
        ([(late.id, "afterwards")], WordUnknown),
        ([(linked, "investigation")], AlreadyLinked),
    ):
        with pytest.raises(error):
            supplement(recordings)
    with pytest.raises(TextUnusable):
        supplement([(late.id, "investigation")], " ")
    with pytest.raises(RoleNotAllowed):
        supplement([(late.id, "investigation")], by=closed.officer)
    assert len(catalogues_of(closed.session, closed.case.id)) == 1


def test_a_unit_that_is_renamed_changes_nothing_of_a_catalogue(closed: Team, keys: KeyStore) -> None:
    name = closed.unit.name
    archived(closed, keys)
    closed.unit.name = "新区综合行政执法大队"
    closed.session.flush()
    closed.session.expire_all()
    (kept,) = catalogues_of(closed.session, closed.case.id)
    assert parse_catalogue(kept.content).unit_name == name


def test_of_two_that_archive_at_once_one_is_told(
    database: Database, archive_in: Any, closed_in: Callable[[Session, Any], Team], keys: KeyStore
) -> None:
    with database.transaction() as session:
        team = closed_in(session, archive_in(session))
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def archive(by: Any) -> None:
        start.wait(10)
        try:
            with database.transaction() as session:
                archive_case(session, by, team.case.id, ORDINARY, keys)
            outcomes.append("archived")
        except AlreadyArchived:
            outcomes.append("told")

    threads = [threading.Thread(target=archive, args=(by,)) for by in (team.supervisor, team.other_supervisor)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["archived", "told"]
    with database.reading() as session:
        assert len(catalogues_of(session, team.case.id)) == 1


def test_a_recording_that_comes_while_a_case_is_archived_waits_and_is_told(
    database: Database, archive_in: Any, closed_in: Callable[[Session, Any], Team], recorded: Any, keys: KeyStore
) -> None:
    with database.transaction() as session:
        team = closed_in(session, archive_in(session))
        late = recorded(team)
    begun, told = threading.Event(), []

    def link() -> None:
        begun.wait(10)
        try:
            with database.transaction() as session:
                said = {"recording_id": late.id, "case_id": team.case.id, "stage": "decision", "reason": "同一现场"}
                link_by_hand(session, team.officer, **said)
        except CaseArchived as error:
            told.append(error)

    thread = threading.Thread(target=link)
    thread.start()
    with database.transaction() as session:
        archive_case(session, team.supervisor, team.case.id, ORDINARY, keys)
        begun.set()
        thread.join(0.5)
        assert thread.is_alive()
    thread.join(30)
    assert len(told) == 1


RAW = (
    ("UPDATE \"case\" SET title = 'x' WHERE id = %(case)s", psycopg.errors.CheckViolation),
    ("UPDATE case_link SET ended_at = now(), ended_by = %(by)s, end_reason = 'x'", psycopg.errors.CheckViolation),
    (
        "INSERT INTO case_link (id, unit_id, case_id, recording_id, stage, made_by, reason)"
        " VALUES (gen_random_uuid(), %(unit)s, %(case)s, %(late)s, 'decision', 'window', 'x')",
        psycopg.errors.CheckViolation,
    ),
    (
        "INSERT INTO case_assignment (id, unit_id, case_id, device, stage, span)"
        " VALUES (gen_random_uuid(), %(unit)s, %(case)s, 'A', 'decision', tstzrange(now(), now() + interval '1 h'))",
        psycopg.errors.CheckViolation,
    ),
    ("UPDATE case_archive SET retention_class = 'general'", psycopg.errors.InsufficientPrivilege),
    ("DELETE FROM case_archive", psycopg.errors.InsufficientPrivilege),
    ("UPDATE case_catalogue SET content = ''", psycopg.errors.InsufficientPrivilege),
    ("DELETE FROM case_catalogue", psycopg.errors.InsufficientPrivilege),
    ("UPDATE case_secrecy SET secrecy_class = 'ordinary'", psycopg.errors.InsufficientPrivilege),
    ("DELETE FROM case_secrecy", psycopg.errors.InsufficientPrivilege),
    ("UPDATE retention_class SET keep_months = 1", psycopg.errors.InsufficientPrivilege),
    # In which transaction a catalogue was made nobody may state.
    ("UPDATE case_catalogue SET transaction_id = pg_current_xact_id()", psycopg.errors.InsufficientPrivilege),
    (
        "INSERT INTO case_catalogue (id, unit_id, case_id, version, content, sha256, reason, made_by, made_at,"
        " transaction_id) VALUES (gen_random_uuid(), %(unit)s, %(case)s, 2, '', sha256(''), 'x', %(by)s, now(), '9')",
        psycopg.errors.InsufficientPrivilege,
    ),
    (
        "INSERT INTO case_catalogue (id, unit_id, case_id, version, content, sha256, reason, made_by, made_at)"
        " VALUES (gen_random_uuid(), %(unit)s, %(case)s, 2, 'x', sha256('y'), 'x', %(by)s, now())",
        psycopg.errors.CheckViolation,
    ),
    (
        "INSERT INTO case_catalogue (id, unit_id, case_id, version, content, sha256, reason, made_by, made_at)"
        " VALUES (gen_random_uuid(), %(unit)s, %(case)s, 2, 'x', sha256('x'), 'x', %(officer)s, now())",
        psycopg.errors.CheckViolation,
    ),
)


def test_raw_sql_changes_nothing_that_is_archived(
    database: Database,
    addresses: DatabaseAddresses,
    archive_in: Any,
    closed_in: Callable[[Session, Any], Team],
    recorded: Any,
    keys: KeyStore,
) -> None:
    with database.transaction() as session:
        team = closed_in(session, archive_in(session))
        late = recorded(team)
        archive_case(session, team.supervisor, team.case.id, ORDINARY, keys)
    ids = {"case": team.case.id, "unit": team.unit.id, "late": late.id}
    ids |= {"by": team.supervisor.id, "officer": team.officer.id}
    with psycopg.connect(addresses.worker, autocommit=True) as connection:
        for statement, error in RAW:
            with pytest.raises(error):
                connection.execute(statement.encode(), ids)


ARCHIVE = (
    "INSERT INTO case_archive (id, unit_id, case_id, secrecy_class, retention_class, rules, archived_by, archived_at)"
    " VALUES (gen_random_uuid(), %(unit)s, %(case)s, %(secrecy_class)s, %(retention_class)s, '[]', %(by)s, now())"
)


def test_raw_sql_archives_nothing_that_is_not_ready(
    database: Database, addresses: DatabaseAddresses, archive_in: Any, closed_in: Callable[[Session, Any], Team]
) -> None:
    with database.transaction() as session:
        team = closed_in(session, archive_in(session))
        open_one = team.archive.case(team.officer)
        for case in (team.case, open_one):
            state_secrecy(session, team.officer, case.id, "ordinary", licensed=False)
    sound = {"unit": team.unit.id, "case": team.case.id, "by": team.supervisor.id}
    sound |= {"secrecy_class": "ordinary", "retention_class": "general"}
    for changed, says in (
        ({}, "is archived with its catalogue"),
        ({"case": open_one.id}, "is not closed"),
        ({"by": team.officer.id}, "a supervisor of its unit"),
        ({"secrecy_class": "privacy"}, "does not have the class"),
        ({"retention_class": "permanent"}, "kept for less long"),
    ):
        with (
            psycopg.connect(addresses.worker, autocommit=True) as connection,
            pytest.raises(psycopg.errors.CheckViolation, match=says),
        ):
            connection.execute(ARCHIVE.encode(), sound | changed)


def test_raw_sql_archives_no_case_with_an_empty_stage(
    database: Database, addresses: DatabaseAddresses, archive_in: Any, team_in: Any
) -> None:
    with database.transaction() as session:
        team = team_in(session, archive_in(session))
        go_through(team)
        close_case(session, team.supervisor, team.case.id)
        state_secrecy(session, team.officer, team.case.id, "ordinary", licensed=False)
    said = {"unit": team.unit.id, "case": team.case.id, "by": team.supervisor.id}
    said |= {"secrecy_class": "ordinary", "retention_class": "general"}
    with (
        psycopg.connect(addresses.worker, autocommit=True) as connection,
        pytest.raises(psycopg.errors.CheckViolation, match="a stage of case"),
    ):
        connection.execute(ARCHIVE.encode(), said)
