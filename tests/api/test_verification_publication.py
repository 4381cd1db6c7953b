"""Publications against the ledger: whatever is changed of a text, a step, a duty or a posting is named."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from api.review_keys import review_keys, review_signer
from api.verification import verify_archive
from casework.cases import open_case
from casework.deadlines.events import enter_event
from casework.deadlines.loading import load_shipped_terms
from casework.handling import name_officer
from casework.publication.collecting import Kept, Said, collect, restate
from casework.publication.disclosures import load_disclosure
from casework.publication.duties import end_duty, name_to_duty
from casework.publication.posting import file_evidence, post, remove
from casework.publication.publicity import load_shipped_publicity
from casework.publication.pushing import Told, claim_next, retry_push, settle
from casework.publication.stepping import pass_on, publish, send_back, take_down, transmit, withhold
from casework.review.decisions import Said as SaidDecision
from casework.review.decisions import draft_decision
from casework.review.issuing import issue_decision
from casework.review.scopes import load_shipped_scopes
from casework.stages import enter_stage
from integrity.local_time import chinese_day
from storage.catalog.deadlines import CaseEvent
from storage.catalog.publication import PublicationPush
from tests.api.tampering import as_superuser, assert_each_is_named
from tests.casework.publication.open_file import OPEN
from tests.casework.sample_archive import OPERATOR, SampleArchive

AN_HOUR = timedelta(hours=1)
TABLES = (
    "publication_rule",
    "disclosure_rule",
    "publication_duty",
    "publication",
    "publication_version",
    "publication_step",
    "publication_posting",
    "posting_evidence",
    "publication_push",
)
# What is changed, and the fact that then differs, or the code of what is found.
TAMPERED = (
    ("UPDATE publication_rule SET rules = '{}'", "of_its_source"),
    ("DELETE FROM publication_rule", "logged_row_missing"),
    ("UPDATE disclosure_rule SET rules = jsonb_set(rules, '{sections,guide,0,title}', '\"x\"')", "of_its_source"),
    ("UPDATE disclosure_rule SET in_force_at = NULL", "in_force"),
    ("DELETE FROM disclosure_rule", "logged_row_missing"),
    ("UPDATE publication_duty SET duty = 'review' WHERE duty = 'publish'", "duty"),
    ("UPDATE publication_duty SET ended_at = NULL, end_reason = NULL", "ended"),
    ("DELETE FROM publication_duty WHERE duty = 'publish'", "logged_row_missing"),
    ("UPDATE publication SET shown_version_id = NULL, shown_at = NULL", "shown_version_id"),
    ("UPDATE publication SET shown_at = shown_at - interval '9 days'", "shown_at"),
    ("UPDATE publication SET ended_at = now()", "ended_at"),
    ("UPDATE publication SET event_id = gen_random_uuid()", "event_id"),
    ("UPDATE publication_version SET conclusion = '不予处罚' WHERE conclusion IS NOT NULL", "conclusion"),
    ("UPDATE publication_version SET party_full = '别人'", "party_full"),
    ("UPDATE publication_version SET kept = '[]'", "kept_text"),
    ("UPDATE publication_version SET names = '[]'", "names_text"),
    ("UPDATE publication_version SET needs_second = NOT needs_second", "needs_second"),
    ("UPDATE publication_version SET withhold_reason = '不便' WHERE withhold_ground IS NOT NULL", "withhold_reason"),
    ("UPDATE publication_version SET hides_former = true", "hides_former"),
    ("DELETE FROM publication_version WHERE ordinal = 2", "logged_row_missing"),
    ("UPDATE publication_step SET taken_by = gen_random_uuid() WHERE step = 'passed'", "taken_by"),
    ("UPDATE publication_step SET reason = '无' WHERE step = 'taken_down'", "reason"),
    ("UPDATE publication_step SET taken_at = taken_at - interval '1 day' WHERE step = 'published'", "taken_at"),
    ("DELETE FROM publication_step WHERE step = 'withheld'", "logged_row_missing"),
    ("UPDATE publication_posting SET place = '别处'", "place"),
    ("UPDATE publication_posting SET posted_on = posted_on - 1", "posted_on"),
    ("UPDATE publication_posting SET removed_at = NULL, removed_by = NULL, removal = NULL", "removed"),
    ("DELETE FROM publication_posting", "logged_row_missing"),
    ("UPDATE posting_evidence SET content = 'x', sha256 = sha256('x')", "sha256"),
    ("DELETE FROM posting_evidence", "logged_row_missing"),
    ("UPDATE publication_push SET action = 'withdraw' WHERE action = 'publish'", "action"),
    ("UPDATE publication_push SET accepted_at = now(), receipt = 'x' WHERE attempts = 0", "accepted"),
    ("UPDATE publication_push SET receipt = 'x' WHERE receipt IS NOT NULL", "receipt"),
    ("UPDATE publication_push SET refused_at = NULL", "refused"),
    ("UPDATE publication_push SET due_at = now() + interval '9 days' WHERE attempts = 0", "due_at"),
    ("UPDATE publication_push SET attempted_at = attempted_at + interval '9 days'", "attempted_at"),
    ("UPDATE publication_push SET attempts = attempts + 9 WHERE attempts > 0", "attempts"),
    ("UPDATE publication_push SET attempts = 0, attempted_at = NULL WHERE receipt IS NOT NULL", "attempts"),
    ("UPDATE publication_step SET taken_at = taken_at - interval '7 hours' WHERE step = 'published'", "push_overdue"),
    ("DELETE FROM publication_push WHERE attempts = 0", "logged_row_missing"),
)
GUARDS = (
    "ALTER TABLE publication_step DISABLE TRIGGER in_turn",
    "DROP TRIGGER published_entry ON ledger_entry",
    "ALTER TABLE publication_push DISABLE TRIGGER gate",
    "CREATE OR REPLACE FUNCTION names_somebody(said text, names text[]) RETURNS boolean LANGUAGE sql AS 'SELECT false'",
)


class Unit:
    """One unit of the archive, everybody with a duty of publishing, in one session."""

    def __init__(self, sealing: Any, session: Any) -> None:
        self.session, self.keyring, now = session, sealing.archive.keyring, datetime.now(UTC)
        self.officer, self.supervisor = sealing.people["officer"], sealing.people["supervisor"]
        self.archive = SampleArchive(session)
        for load in (load_shipped_scopes, load_shipped_terms, load_shipped_publicity):
            load(session, now)
        load_disclosure(session, OPERATOR, OPEN.encode(), now)
        self.unit = self.archive.unit_of(self.officer)
        self.reviewers = [self.archive.person(self.unit, "supervisor") for _ in range(2)]
        self.publisher = self.archive.person(self.unit, "publisher")
        for person, duty in (
            (self.officer, "collect"),
            (self.officer, "transmit"),
            *((each, "review") for each in self.reviewers),
            (self.publisher, "publish"),
        ):
            name_to_duty(session, OPERATOR, person.id, duty)
        ended = name_to_duty(session, OPERATOR, self.supervisor.id, "review")
        end_duty(session, OPERATOR, ended.id, "另有安排")

    def decided(self, number: str) -> Any:
        case = open_case(self.session, self.officer, number=number, title="占道", procedure="simple_penalty")
        handlers = [self.archive.person(self.unit, "officer") for _ in range(2)]
        self.archive.certify(*handlers)
        for each in handlers:
            name_officer(self.session, self.officer, case.id, each.id)
        enter_stage(self.session, self.officer, case.id, "decision")
        said = SaidDecision(
            kind="penalty",
            measures=("fine",),
            level="brigade",
            field="city_appearance",
            party="张三丰",
            party_kind="citizen",
            content="对张三丰罚款五十元",
            amount_fen=5_000,
        )
        version = draft_decision(self.session, self.officer, case.id, said)
        issue_decision(self.session, self.supervisor, version.decision_id, review_keys(self.keyring), datetime.now(UTC))
        return self.session.query(CaseEvent).filter_by(case_id=case.id).one()

    def let_pass(self, version: Any) -> None:
        transmit(self.session, self.officer, version.publication_id, version.id)
        for each in self.reviewers:
            pass_on(self.session, each, version.publication_id, version.id, "已核对")

    def publish_one_and_withhold_another(self) -> None:
        session, now, today = self.session, datetime.now(UTC), chinese_day(datetime.now(UTC))
        keys = review_keys(self.keyring)
        kept = (Kept("address", "88号", "行为发生地"),)
        said = Said(conclusion="在建新东路88号门前占道，罚款五十元", kept=kept, names=("李四",))
        first = collect(session, self.officer, self.decided("公1").id, said, now)
        transmit(session, self.officer, first.publication_id, first.id)
        send_back(session, self.reviewers[0], first.publication_id, first.id, "缺文书号")
        more = Said(conclusion="罚款五十元", document_number="江综罚〔2026〕1号")
        second = restate(session, self.officer, first.publication_id, more, "补文书号", now, former=first.id)
        self.let_pass(second)
        publish(session, self.publisher, second.publication_id, second.id, keys, now)
        where = {"place": "https://www.example.gov.cn/1", "posted_on": today, "keys": keys, "now": now}
        posting = post(session, self.publisher, second.publication_id, channel="website", **where)
        file_evidence(session, self.publisher, posting.id, "截图.png", b"\x89PNG\r\n\x1a\n1")
        remove(session, self.publisher, posting.id, "已删除", now)
        no = Said(withhold_ground="minor", withhold_reason="当事人未满十八周岁")
        third = collect(session, self.officer, self.decided("公2").id, no, now)
        self.let_pass(third)
        withhold(session, self.publisher, third.publication_id, third.id, now)
        fourth = collect(session, self.officer, (event := self.decided("公3")).id, Said(), now)
        self.let_pass(fourth)
        publish(session, self.publisher, fourth.publication_id, fourth.id, keys, now)
        self.push(fourth, Told(receipt="CQ-1"))
        enter_event(session, self.supervisor, event.case_id, "decision_revoked", today, now)
        take_down(session, self.publisher, fourth.publication_id, "revoked", "复议撤销", now)
        refused = self.push(fourth, Told(problem="status", detail="HTTP 422", refused=True))
        retry_push(session, self.publisher, refused.id, now)
        self.push(fourth, Told(receipt="CQ-2"))
        fifth = collect(session, self.officer, self.decided("公4").id, Said(), now)
        self.let_pass(fifth)
        publish(session, self.publisher, fifth.publication_id, fifth.id, keys, now)
        self.push(fifth, Told(problem="status", detail="HTTP 422", refused=True))

    def push(self, version: Any, told: Told) -> Any:
        """The latest message of a publication is sent, and that is what the platform says."""
        of = self.session.query(PublicationPush).filter_by(publication_id=version.publication_id)
        row = of.order_by(PublicationPush.ordinal.desc()).first()
        now = datetime.now(UTC)
        self.session.query(PublicationPush).filter(PublicationPush.id != row.id).update({"due_at": now + AN_HOUR})
        message = claim_next(self.session, review_keys(self.keyring), now)
        assert message is not None
        assert message.push_id == row.id
        return settle(self.session, row.id, told, now)


@pytest.fixture
def published(sealing: Any) -> Any:
    """One public after it was sent back, one not published, one taken down here and there, one refused there."""
    with sealing.archive.database.transaction() as session:
        unit = Unit(sealing, session)
        review_signer(unit.keyring)
        unit.publish_one_and_withhold_another()
    sealing.settle()
    return sealing


@pytest.fixture
def superuser(server: Any, addresses: Any) -> Iterator[psycopg.Connection[Any]]:
    """Who can do everything: guards off, and no constraint in the way."""
    with as_superuser(server, addresses, autocommit=False) as connection:
        yield connection


@pytest.mark.timeout(900)
def test_whatever_is_changed_of_publications_is_named(published: Any, superuser: Any) -> None:
    assert_each_is_named(published.archive, superuser, TABLES, TAMPERED)


@pytest.mark.parametrize("statement", GUARDS)
def test_a_guard_that_somebody_took_out_is_named(published: Any, superuser: Any, statement: str) -> None:
    superuser.execute("SET session_replication_role = origin")
    superuser.execute(statement.encode())
    superuser.commit()
    assert dict(verify_archive(published.archive, 0).findings_by_code) == {"guard_missing": 1}
