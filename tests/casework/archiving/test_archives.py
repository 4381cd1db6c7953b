"""A closed case is archived: refused with everything that is missing, then whole, and never changed any more."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from casework.archiving.archives import archive_case
from casework.archiving.catalogues import catalogues_of
from casework.archiving.errors import AlreadyArchived, NotArchivable
from casework.archiving.readiness import Wanted
from casework.cases import assign, open_case
from casework.closing import close_case
from casework.errors import CaseArchived, CaseClosed, RoleNotAllowed, WordUnknown
from casework.handling import name_officer
from casework.linking.by_hand import unlink
from casework.linking.candidates import Candidate
from casework.linking.rows import ask_which_case
from casework.stages import enter_stage
from integrity.catalogue import parse_catalogue
from retention.errors import OutsideUnit, UnknownRetentionClass
from storage.catalog.casework import CaseLink
from storage.catalog.elements import ElementQuestion
from storage.catalog.recordings import Recording
from storage.keystore import KeyStore, WrappedKey
from tests.casework.archiving.archived import archived, refused
from tests.casework.archiving.conftest import ORDINARY, STAGES, go_through, put
from tests.casework.procedure.conftest import START, Team


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


def test_a_unit_that_is_renamed_changes_nothing_of_a_catalogue(closed: Team, keys: KeyStore) -> None:
    name = closed.unit.name
    archived(closed, keys)
    closed.unit.name = "新区综合行政执法大队"
    closed.session.flush()
    closed.session.expire_all()
    (kept,) = catalogues_of(closed.session, closed.case.id)
    assert parse_catalogue(kept.content).unit_name == name
