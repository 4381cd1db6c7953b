"""采集 → 传递 → 审核 → 发布: the way of a publication, its terms, corrections, withdrawals; and what is refused."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, literal, select
from sqlalchemy.exc import IntegrityError

from casework.archiving.secrecy import state_secrecy
from casework.deadlines.events import enter_event
from casework.errors import CaseworkError, Taken
from casework.papers import MOST_PAPER_BYTES
from casework.publication.collecting import Kept, Said, restate
from casework.publication.duties import end_duty, name_to_duty
from casework.publication.errors import (
    DutyEnded,
    DutyLacking,
    DutyUnfit,
    EvidenceUnusable,
    MaskingNeeded,
    PostingUnusable,
    PublicationUnusable,
    StepRefused,
)
from casework.publication.listing import (
    count_overdue_publications,
    list_due,
    list_left_elsewhere,
    list_publications,
    list_waiting_for,
    publication_now,
)
from casework.publication.posting import file_evidence, post, remove
from casework.publication.stepping import pass_on, publish, send_back, take_down, transmit, withhold
from casework.review.decisions import draft_decision
from casework.review.errors import GateShut, PassForged
from casework.review.reviewing import withdraw_review
from integrity.local_time import chinese_day
from retention.errors import OutsideUnit
from storage.catalog.publication import PublicationVersion
from storage.catalog.review import DecisionReview
from tests.casework.publication.press import CITIZEN, Press, make_press
from tests.casework.review.conftest import make_bench
from tests.casework.sample_archive import OPERATOR, REVIEW_KEYS

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100


def now() -> datetime:
    return datetime.now(UTC)


def today() -> date:
    return chinese_day(now())


def revoke(press: Press, event: Any) -> Any:
    case_id = event.case_id
    return enter_event(press.session, press.bench.supervisor, case_id, "decision_revoked", today(), now())


def test_a_penalty_is_collected_reviewed_and_published_and_its_term_is_met(press: Press) -> None:
    event = press.issued()
    version = press.collect(event, document_number="江综执罚决〔2026〕1号", legal_basis="《条例》第三十四条")
    said = (version.party, version.category, version.conclusion, version.decided_on)
    assert said == ("重庆某建筑公司", "行政处罚", "罚款二百元", event.day)
    assert version.authority == press.bench.unit.name
    assert (version.needs_second, version.rules[0]["jurisdiction"]) == (False, "CN-publicity")
    assert publication_now(press.session, version.publication_id).state == "collected"
    press.transmit(version)
    pass_on(press.session, press.reviewers[0], version.publication_id, version.id, "已核对")
    assert publication_now(press.session, version.publication_id).state == "passed"
    assert press.term(event, "publish_penalty").done_on is None
    step = press.publish(version)
    row = press.row(version)
    assert (row.shown_version_id, row.shown_at) == (version.id, step.taken_at)
    term = press.term(event, "publish_penalty")
    assert (term.done_on, term.done_by) == (today(), press.publisher.id)
    entries = [press.bench.archive.last_entry(f"publication.{each}") for each in ("collected", "passed", "published")]
    assert [entry.subject_id for entry in entries] == [str(row.id)] * 3
    assert entries[0].data["case_id"] == str(row.case_id)
    ledger = press.bench.archive.ledger_text()
    for text in (version.party, version.conclusion, version.document_number, "已核对"):
        assert text not in ledger


def test_a_citizen_is_masked_and_a_second_reviewer_looks_at_it(press: Press) -> None:
    version = press.collect(press.issued(**CITIZEN))
    assert (version.party, version.conclusion, version.needs_second) == ("张某某", "对张某某罚款五十元", True)
    assert (version.party_full, version.conclusion_full) == ("张三丰", "对张三丰罚款五十元")
    press.let_pass(version, reviewers=1)
    assert publication_now(press.session, version.publication_id).state == "passed_once"
    with pytest.raises(StepRefused) as caught:
        press.publish(version)
    assert caught.value.why == "second"
    with pytest.raises(StepRefused) as caught:
        pass_on(press.session, press.reviewers[0], version.publication_id, version.id)
    assert caught.value.why == "not_twice"
    pass_on(press.session, press.reviewers[1], version.publication_id, version.id)
    press.publish(version)
    assert press.row(version).shown_version_id == version.id


@pytest.mark.parametrize(
    ("said", "codes"),
    [
        ({"conclusion": "对张三丰罚款五十元"}, ("name",)),
        ({"conclusion": "对张 三 丰罚款五十元"}, ("name",)),
        ({"party": "张三丰"}, ("name",)),
        ({"conclusion": "证件500105199001011234"}, ("id_number",)),
        ({"conclusion": "同行李四在场", "names": ("李四",)}, ("name",)),
        ({"conclusion": "住建新东路88号"}, ("address",)),
        ({"conclusion": "电话13800138000", "kept": (Kept("mobile_phone", "13800138000", "联系"),)}, ("mobile_phone",)),
        ({"authority": "某局，电话023-67712345"}, ("telephone",)),
    ],
)
def test_what_speaks_of_somebody_is_not_stated(press: Press, said: dict[str, Any], codes: tuple[str, ...]) -> None:
    with pytest.raises(MaskingNeeded) as caught:
        press.collect(press.issued(**CITIZEN), **said)
    assert caught.value.codes == codes


def test_the_place_of_the_deed_is_kept_for_a_reason_and_seen_by_two(press: Press) -> None:
    kept = (Kept("address", "88号", "违法行为发生地，不是住址"),)
    version = press.collect(press.issued(), conclusion="在建新东路88号门前占道，罚款二百元", kept=kept)
    assert (version.needs_second, version.kept[0]["text"]) == (True, "88号")
    with pytest.raises(CaseworkError, match="kept"):
        press.collect(press.inspected(), conclusion="建新东路88号", kept=(Kept("address", "88号", " "),))


def test_a_shop_may_bear_its_owners_name(press: Press) -> None:
    version = press.collect(press.issued(party="江北区张三丰餐饮店"), names=("张三丰",))
    assert version.party == "江北区张三丰餐饮店"


def test_the_result_of_a_check_is_published_within_twenty_days(press: Press) -> None:
    event = press.inspected()
    version = press.published(event)
    assert (version.category, version.conclusion) == ("行政检查（双随机、一公开）", "未发现问题")
    assert press.term(event, "publish_inspection").done_on == today()


def test_an_inspection_names_whom_it_is_of_and_what_was_found(press: Press) -> None:
    for field in ("party_full", "conclusion_full"):
        with pytest.raises(PublicationUnusable) as caught:
            press.collect(press.inspected(), **{field: ""})
        assert caught.value.problem == "party_missing"


def test_the_database_takes_no_words_that_lack_one_of_the_four(press: Press) -> None:
    version, table = press.published(), PublicationVersion.__table__
    columns = [each for each in table.columns if each.computed is None]
    for field in ("authority", "party", "category", "conclusion"):
        anew = {"id": uuid.uuid4(), "ordinal": 2, "reason": "更正", "stated_at": now(), field: None}
        same = select(*(literal(anew[each.name], each.type) if each.name in anew else each for each in columns))
        adding = insert(table).from_select(columns, same.where(table.c.id == version.id))
        with pytest.raises(IntegrityError, match="ck_publication_version_whole"), press.session.begin_nested():
            press.session.execute(adding)


def test_each_duty_is_its_own_and_nobody_checks_himself(press: Press) -> None:
    event = press.issued()
    for person in (press.publisher, press.reviewers[0], press.bench.supervisor):
        with pytest.raises(DutyLacking):
            press.collect(event, by=person)
    name_to_duty(press.session, OPERATOR, press.bench.supervisor.id, "collect")
    for duty in ("review", "publish"):
        name_to_duty(press.session, OPERATOR, press.bench.supervisor.id, duty)
    version = press.collect(event, by=press.bench.supervisor)
    with pytest.raises(DutyLacking):
        transmit(press.session, press.publisher, version.publication_id, version.id)
    with pytest.raises(StepRefused) as caught:
        press.publish(version)
    assert caught.value.why == "order"
    press.transmit(version)
    with pytest.raises(StepRefused) as caught:
        pass_on(press.session, press.bench.supervisor, version.publication_id, version.id)
    assert caught.value.why == "own"
    pass_on(press.session, press.reviewers[0], version.publication_id, version.id)
    with pytest.raises(StepRefused) as caught:
        press.publish(version, by=press.bench.supervisor)
    assert caught.value.why == "own"
    press.publish(version)


def test_a_duty_is_named_of_a_fitting_role_and_ended(press: Press) -> None:
    archive = press.bench.archive
    auditor = archive.person(press.bench.unit, "auditor")
    with pytest.raises(DutyUnfit):
        name_to_duty(press.session, OPERATOR, auditor.id, "review")
    with pytest.raises(Taken):
        name_to_duty(press.session, OPERATOR, press.publisher.id, "publish")
    row = name_to_duty(press.session, OPERATOR, press.reviewers[0].id, "publish")
    end_duty(press.session, OPERATOR, row.id, "另有安排")
    with pytest.raises(DutyEnded):
        end_duty(press.session, OPERATOR, row.id, "另有安排")
    version = press.collect(press.issued())
    press.let_pass(version)
    with pytest.raises(DutyLacking):
        press.publish(version, by=press.reviewers[0])


def test_what_was_sent_back_is_stated_anew_and_goes_the_whole_way(press: Press) -> None:
    version = press.collect(press.issued())
    press.transmit(version)
    send_back(press.session, press.reviewers[0], version.publication_id, version.id, "文书号缺失")
    assert publication_now(press.session, version.publication_id).state == "returned"
    for refused in (press.transmit, press.publish):
        with pytest.raises(StepRefused):
            refused(version)
    said = Said(document_number="江综执罚决〔2026〕2号")
    again = restate(press.session, press.collector, version.publication_id, said, "补文书号", now(), former=version.id)
    with pytest.raises(StepRefused) as caught:
        restate(press.session, press.collector, version.publication_id, said, "补文书号", now(), former=version.id)
    assert caught.value.why == "changed"
    press.let_pass(again)
    press.publish(again)
    assert press.row(again).shown_version_id == again.id


def test_a_correction_keeps_what_was_public_until_it_takes_its_place(press: Press) -> None:
    first = press.published()
    said = Said(conclusion="罚款二百元整")
    second = restate(press.session, press.collector, first.publication_id, said, "措辞", now(), former=first.id)
    assert press.row(first).shown_version_id == first.id
    press.let_pass(second)
    press.publish(second)
    now_public = publication_now(press.session, first.publication_id)
    assert now_public.row.shown_version_id == second.id
    assert [each.conclusion for each in now_public.versions] == ["罚款二百元", "罚款二百元整"]
    assert [each.step for each in now_public.steps] == ["transmitted", "passed", "published"] * 2
    with pytest.raises(MaskingNeeded) as caught:
        restate(
            press.session,
            press.collector,
            first.publication_id,
            said,
            "身份证500105199001011234",
            now(),
            former=second.id,
        )
    assert caught.value.field == "reason"


def test_an_in_scope_decision_is_published_by_a_pass_that_stands_alone(press: Press) -> None:
    event = press.issued(amount_fen=6_000_000, content="罚款六万元")
    version = press.collect(event)
    press.let_pass(version)
    review = press.session.query(DecisionReview).one()
    with pytest.raises(PassForged):
        _publish_by(press, version, ())
    withdraw_review(press.session, press.bench.reviewer, review.id, "新证据")
    with pytest.raises(GateShut) as caught:
        press.publish(version)
    assert caught.value.refusals == ("no_pass",)
    assert press.row(version).shown_version_id is None
    assert press.bench.archive.entries("publication.published") == []


def _publish_by(press: Press, version: Any, keys: Any) -> None:
    publish(press.session, press.publisher, version.publication_id, version.id, keys, now())


def test_of_a_check_whose_decision_waits_nothing_is_published(press: Press) -> None:
    bench = press.bench
    event = press.inspected()
    version = press.collect(event)
    press.let_pass(version)
    said = bench.said(kind="inspection", measures=("correction",), amount_fen=None, content="责令改正")
    draft_decision(press.session, bench.officer, event.case_id, said)
    with pytest.raises(GateShut) as caught:
        press.publish(version)
    assert caught.value.refusals == ("not_issued",)


def test_a_revoked_decision_leaves_every_channel_within_three_days(press: Press) -> None:
    event = press.issued()
    version = press.published(event)
    where = {"place": "https://www.example.gov.cn/gs/1", "posted_on": today(), "keys": REVIEW_KEYS, "now": now()}
    posting = post(press.session, press.publisher, version.publication_id, channel="website", **where)
    with pytest.raises(StepRefused) as caught:
        post(press.session, press.publisher, version.publication_id, channel="website", **where)
    assert caught.value.why == "posted"
    revoked = revoke(press, event)
    term = press.term(revoked, "withdraw")
    (due,) = list_due(press.session, press.publisher, today()).items
    assert (due.deadline.term.id, due.deadline.days_left) == (term.id, 3)
    with pytest.raises(StepRefused) as caught:
        post(press.session, press.publisher, version.publication_id, channel="notice_board", **where)
    assert caught.value.why == "revoked"
    take_down(press.session, press.publisher, version.publication_id, "revoked", "复议机关撤销", now())
    assert press.row(version).shown_version_id is None
    assert term.done_on is None
    (left,) = list_left_elsewhere(press.session, press.publisher)
    assert [each.id for each in left.left_elsewhere] == [posting.id]
    remove(press.session, press.publisher, posting.id, "已从网站删除", now())
    press.session.refresh(term)
    assert (term.done_on, list_left_elsewhere(press.session, press.publisher)) == (today(), ())
    with pytest.raises(StepRefused) as caught:
        restate(press.session, press.collector, version.publication_id, Said(), "再公示", now(), former=version.id)
    assert caught.value.why == "down_for_good"
    with pytest.raises(StepRefused) as caught:
        take_down(press.session, press.publisher, version.publication_id, "revoked", "复议机关撤销", now())
    assert caught.value.why == "not_shown"


def test_what_was_revoked_before_it_was_public_is_never_published(press: Press) -> None:
    event = press.issued()
    version = press.collect(event)
    press.let_pass(version)
    revoke(press, event)
    with pytest.raises(StepRefused) as caught:
        press.publish(version)
    assert caught.value.why == "revoked"


def test_a_check_that_was_revoked_before_a_result_was_entered_is_of_the_former_alone(press: Press) -> None:
    case, by, at = press.bench.another_case(procedure="random_check"), press.bench.officer, now()
    first = enter_event(press.session, by, case.id, "inspection_concluded", today() - timedelta(days=1), at)
    former = press.published(first)
    term = press.term(revoke(press, first), "withdraw")
    later = press.published(press.inspected(case))
    take_down(press.session, press.publisher, later.publication_id, "inaccurate", "结论有误", now())
    press.session.refresh(term)
    assert (term.done_on, press.row(former).shown_version_id) == (None, former.id), "what was revoked is still public"
    take_down(press.session, press.publisher, former.publication_id, "revoked", "检查结果被撤销", now())
    press.session.refresh(term)
    assert term.done_on == today()


def test_an_inaccurate_text_is_taken_down_and_published_anew(press: Press) -> None:
    version = press.published()
    with pytest.raises(MaskingNeeded):
        take_down(press.session, press.publisher, version.publication_id, "privacy", "漏了13800138000", now())
    take_down(press.session, press.publisher, version.publication_id, "inaccurate", "金额有误", now())
    said = Said(conclusion="罚款人民币二百元")
    again = restate(
        press.session,
        press.collector,
        version.publication_id,
        said,
        "更正金额",
        now(),
        former=version.id,
        hides_former=True,
    )
    press.let_pass(again)
    press.publish(again)
    assert press.row(again).shown_version_id == again.id


def test_not_to_publish_needs_a_ground_of_the_rules_and_a_reviewer(press: Press) -> None:
    event = press.issued()
    with pytest.raises(PublicationUnusable) as caught:
        press.collect(event, withhold_ground="because", withhold_reason="不便")
    assert caught.value.problem == "ground_unknown"
    version = press.collect(event, withhold_ground="business_secret", withhold_reason="涉及商业秘密")
    assert (version.party, version.conclusion) == (None, None)
    press.let_pass(version)
    with pytest.raises(StepRefused):
        press.publish(version)
    withhold(press.session, press.publisher, version.publication_id, version.id, now())
    assert press.row(version).shown_version_id is None
    assert press.term(event, "publish_penalty").done_on == today()
    assert publication_now(press.session, version.publication_id).state == "withheld"


def test_state_secrets_are_not_published(press: Press) -> None:
    event = press.issued()
    version = press.collect(event)
    press.let_pass(version)
    state_secrecy(press.session, press.bench.officer, event.case_id, "state_secret", licensed=True)
    with pytest.raises(StepRefused) as caught:
        press.publish(version)
    assert caught.value.why == "secret"
    with pytest.raises(PublicationUnusable):
        restate(press.session, press.collector, version.publication_id, Said(), "更正", now(), former=version.id)


def test_postings_have_their_evidence_and_their_day(press: Press) -> None:
    version = press.published()
    where = {"place": "办事大厅一楼公示栏", "keys": REVIEW_KEYS, "now": now()}
    for said, problem in (
        ({"channel": "newspaper", "posted_on": today()}, "channel"),
        ({"channel": "notice_board", "posted_on": today() + timedelta(days=1)}, "in_the_future"),
        ({"channel": "notice_board", "posted_on": today() - timedelta(days=1)}, "before_published"),
    ):
        with pytest.raises(PostingUnusable) as caught:
            post(press.session, press.publisher, version.publication_id, **said, **where)
        assert caught.value.problem == problem
    posting = post(
        press.session, press.publisher, version.publication_id, channel="notice_board", posted_on=today(), **where
    )
    row = file_evidence(press.session, press.publisher, posting.id, "公示栏.png", PNG)
    entry = press.bench.archive.last_entry("publication.evidence_filed")
    assert (entry.data["sha256"], row.media_type) == (row.sha256.hex(), "image/png")
    for content, problem in ((b"", "empty"), (b"GIF89a", "type"), (PNG + bytes(MOST_PAPER_BYTES), "too_large")):
        with pytest.raises(EvidenceUnusable) as refused:
            file_evidence(press.session, press.publisher, posting.id, "x", content)
        assert refused.value.problem == problem
    for _ in range(4):
        file_evidence(press.session, press.publisher, posting.id, "又一张.png", PNG)
    with pytest.raises(EvidenceUnusable):
        file_evidence(press.session, press.publisher, posting.id, "第六张.png", PNG)


def test_what_is_due_is_listed_with_whose_turn_it_is(press: Press) -> None:
    event = press.issued()
    (due,) = list_due(press.session, press.publisher, today()).items
    assert (due.deadline.event.id, due.publication, due.deadline.days_left) == (event.id, None, 7)
    version = press.collect(event)
    press.transmit(version)
    (due,) = list_due(press.session, press.publisher, today()).items
    assert due.publication is not None
    assert due.publication.next_duty == "review"
    late = event.day + timedelta(days=30)
    assert count_overdue_publications(press.session, press.bench.unit.id, late) == 1
    (due,) = list_due(press.session, press.publisher, late, overdue=True).items
    assert due.deadline.state == "overdue"
    for person, duties, found in (
        (press.reviewers[0], {"review"}, 1),
        (press.publisher, {"publish"}, 0),
        (press.collector, {"collect", "transmit"}, 0),
    ):
        assert len(list_waiting_for(press.session, person, duties)) == found
    press.session.flush()
    (found_row,) = list_publications(press.session, press.publisher, query="某建筑").items
    assert found_row.row.id == version.publication_id
    assert list_publications(press.session, press.publisher, query="没有").items == ()


def test_another_unit_neither_sees_nor_touches_it(press: Press) -> None:
    version = press.published()
    other = make_press(make_bench(press.session, press.bench.archive))
    for deed in (
        lambda: transmit(press.session, other.collector, version.publication_id, version.id),
        lambda: take_down(press.session, other.publisher, version.publication_id, "revoked", "x", now()),
        lambda: restate(press.session, other.collector, version.publication_id, Said(), "x", now(), former=version.id),
    ):
        with pytest.raises(OutsideUnit):
            deed()
    assert list_publications(press.session, other.publisher).items == ()
    assert list_due(press.session, other.publisher, today()).items == ()


def test_one_event_is_collected_once(press: Press) -> None:
    event = press.issued()
    press.collect(event)
    with pytest.raises(PublicationUnusable) as caught:
        press.collect(event)
    assert caught.value.problem == "begun"
