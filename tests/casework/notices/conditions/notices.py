"""Of the notice of a penalty: what it says, its service, its days, and what was said to it."""

from __future__ import annotations

from casework.notices.telling import tell_by_document
from casework.notices.withdrawing import withdraw_notice, withdraw_reply
from casework.review.decisions import withdraw_decision
from casework.service.serving import withdraw_service
from storage.catalog.decisions import DecisionVersion
from storage.catalog.notices import PartyNotice
from storage.catalog.service import CaseService
from tests.casework.notices.conditions.known import BACK, Stage, case, changed, notice_of, on_the_spot, own_rule, told
from tests.casework.notices.told import Telling


@case([], ["statement_days"], "rule_days")
def a_rule_of_the_day_after_tomorrow(stage: Stage) -> DecisionVersion:
    version: DecisionVersion = stage.do(lambda t: t.draft())
    stage.do(lambda t: t.serve(t.tell(t.session.get_one(DecisionVersion, version.id))))
    stage.sql(BACK)
    own_rule(stage)
    return version


@case([], ["statement_days"], "rule_units")
def a_rule_of_another_unit(stage: Stage) -> DecisionVersion:
    version: DecisionVersion = stage.do(lambda t: t.draft())
    stage.do(lambda t: t.serve(t.tell(t.session.get_one(DecisionVersion, version.id))))
    stage.sql(BACK)
    own_rule(stage, stage.do(lambda t: t.bench.archive.unit().code))
    stage.sql(
        "ALTER TABLE notice_rule DISABLE TRIGGER USER; "
        "UPDATE notice_rule SET valid = daterange('2021-07-15', NULL) WHERE unit_id IS NOT NULL"
    )
    return version


@case(["told_less"], [], "same_party")
def somebody_else_is_punished(stage: Stage) -> DecisionVersion:
    return changed(stage, told(stage), party="重庆某建筑")


@case(["told_less"], [], "no_more_measures")
def one_measure_more(stage: Stage) -> DecisionVersion:
    return changed(stage, told(stage), measures=("fine", "warning"))


@case(["told_less"], [], "no_more_amount", "tells_of")
def a_yuan_more(stage: Stage) -> DecisionVersion:
    version = told(stage)
    return changed(stage, version, amount_fen=version.amount_fen + 100)  # type: ignore[operator]


@case(["told_less"], [], "no_other_words")
def other_words_for_the_same_amount(stage: Stage) -> DecisionVersion:
    return changed(stage, told(stage), content="罚款二百元，逾期每日加处")


@case(["notice_unserved"], [], "paper_stands")
def the_paper_was_withdrawn(stage: Stage) -> DecisionVersion:
    version = told(stage)
    stage.sql(
        "UPDATE document SET withdrawn_at = now(), withdrawn_by = begun_by, withdraw_reason = 'x' "
        "WHERE kind = 'penalty_notice'"
    )
    return version


@case(["notice_unserved"], [], "service_stands", "served")
def the_service_was_withdrawn(stage: Stage) -> DecisionVersion:
    version = told(stage)

    def deed(t: Telling) -> None:
        (service,) = t.session.query(CaseService).all()
        withdraw_service(t.session, t.bench.supervisor, service.id, "误登")

    stage.do(deed)
    return version


@case(["notice_unserved"], [], "served_once_final")
def served_before_it_was_final(stage: Stage) -> DecisionVersion:
    version = told(stage)
    stage.sql("UPDATE final_document SET finalised_at = finalised_at + interval '2 hours'")
    return version


@case(["notice_unserved"], [], "served_on_party")
def served_on_a_passer_by(stage: Stage) -> DecisionVersion:
    version = told(stage)
    stage.sql("UPDATE case_service SET addressee = '路人甲'")
    return version


@case(["notice_unserved"], [], "service_proven")
def left_without_its_picture(stage: Stage) -> DecisionVersion:
    version = told(stage)
    stage.sql(
        "ALTER TABLE case_service DROP CONSTRAINT ck_case_service_left_with_its_proof; "
        "UPDATE case_service SET method = 'left'"
    )
    return version


@case(["notice_unserved"], [], "service_counts")
def a_public_notice_that_still_hangs(stage: Stage) -> DecisionVersion:
    version = told(stage)
    stage.sql("UPDATE case_service SET counts_on = counts_on + 30")
    return version


@case(["no_notice_rule"], ["told_less"], "no_rule")
def no_rule_holds_today(stage: Stage) -> DecisionVersion:
    version = told(stage)
    stage.sql(
        "ALTER TABLE notice_rule DISABLE TRIGGER USER; "
        "UPDATE notice_rule SET valid = daterange(lower(valid), '2022-01-01') WHERE valid @> '2022-01-01'::date"
    )
    return version


@case(["untold"], ["notice_unserved"], "untold")
def nobody_was_told(stage: Stage) -> DecisionVersion:
    version: DecisionVersion = stage.do(lambda t: t.draft())
    return version


@case(["untold"], [], "notice_kind")
def only_the_hearing_was_offered(stage: Stage) -> DecisionVersion:
    def deed(t: Telling) -> DecisionVersion:
        version = t.draft()
        t.hear(t.offer_hearing(version), "hearing_waived")
        return version

    version: DecisionVersion = stage.do(deed)
    stage.sql(BACK)
    return version


@case(["untold"], [], "own_decision")
def told_of_another_draft(stage: Stage) -> DecisionVersion:
    told(stage)
    version: DecisionVersion = stage.do(lambda t: t.draft())
    return version


@case(["untold"], [], "notice_stands")
def that_he_was_told_was_withdrawn(stage: Stage) -> DecisionVersion:
    version = told(stage)

    def deed(t: Telling) -> None:
        (notice,) = t.session.query(PartyNotice).all()
        withdraw_notice(t.session, t.bench.supervisor, notice.id, "误登")

    stage.do(deed)
    return version


@case(["told_less"], ["notice_unserved"], "manner")
def told_by_word_of_mouth_where_a_paper_is_owed(stage: Stage) -> DecisionVersion:
    version: DecisionVersion = stage.do(lambda t: t.draft())
    stage.do(lambda t: t.tell_all(t.session.get_one(DecisionVersion, version.id)))
    stage.sql(
        "ALTER TABLE party_notice DISABLE TRIGGER USER; "
        "UPDATE party_notice SET document_id = NULL, days = NULL, told_by = stated_by, told_at = stated_at, place = 'x'"
    )
    return version


@case(["told_less"], [], "told_that_day")
def told_on_the_day_before(stage: Stage) -> DecisionVersion:
    version = on_the_spot(stage)
    stage.sql(BACK)
    return version


@case(["unheard"], [], "heard_on_the_spot")
def not_heard_on_the_spot(stage: Stage) -> DecisionVersion:
    return on_the_spot(stage, None)


@case(["statement_days"], [], "statement_days")
def the_days_run(stage: Stage) -> DecisionVersion:
    def deed(t: Telling) -> DecisionVersion:
        version = t.draft()
        t.serve(t.tell(version))
        return version

    return stage.do(deed)  # type: ignore[no-any-return]


@case(["unanswered"], [], "answered")
def a_statement_without_an_answer(stage: Stage) -> DecisionVersion:
    version = told(stage)

    def deed(t: Telling) -> None:
        (notice,) = t.session.query(PartyNotice).all()
        t.hear(notice, "statement", "不是我摆的")

    stage.do(deed)
    return version


@case(["not_on_the_spot"], [], "on_the_spot")
def more_on_the_spot_than_the_law_allows(stage: Stage) -> DecisionVersion:
    return on_the_spot(stage, amount_fen=300_100, content="罚款三千零一元")


@case(["told_less"], [], "words_that_weigh")
def one_yuan_less_and_three_years_instead_of_three_days(stage: Stage) -> DecisionVersion:
    measures = ("fine", "licence_suspended")
    version = told(stage, measures=measures, content="罚款二百元，暂扣许可证三日")
    return changed(stage, version, measures=measures, amount_fen=19_900, content="罚款一百九十九元，暂扣许可证三年")


@case(["notice_unserved"], [], "counts_once_served")
def a_service_that_counts_before_it_was_done(stage: Stage) -> DecisionVersion:
    version = told(stage)
    stage.sql("UPDATE case_service SET counts_on = counts_on - 30")
    return version


@case(["unanswered"], [], "drafts_of_before")
def the_draft_against_which_he_spoke_is_made_anew(stage: Stage) -> DecisionVersion:
    """His statement does not go with the draft: the paper that told of it tells of the next."""

    def deed(t: Telling) -> DecisionVersion:
        first = t.draft()
        notice = t.tell_all(first)
        t.hear(notice, "statement", "不是我摆的")
        withdraw_notice(t.session, t.bench.supervisor, notice.id, "另行拟定")
        withdraw_decision(t.session, t.bench.supervisor, first.decision_id, "另行拟定")
        second = t.draft()
        assert notice.document_id is not None
        again = tell_by_document(t.session, t.bench.officer, second.decision_id, "penalty", notice.document_id)
        t.hear(again, "statement_waived")
        return second

    return stage.do(deed)  # type: ignore[no-any-return]


@case(["statement_days"], [], "waiver_shown")
def the_film_of_what_he_gave_up_is_taken_out_of_the_case(stage: Stage) -> DecisionVersion:
    version = told(stage)
    stage.sql("UPDATE case_link SET ended_at = now(), ended_by = person_id, end_reason = 'x'")
    return version


@case(["withdrawal_unconfirmed"], [], "withdrawn_by_two")
def one_alone_withdraws_what_he_said(stage: Stage) -> DecisionVersion:
    version = told(stage)

    def deed(t: Telling) -> None:
        reply = t.hear(notice_of(t, "penalty"), "statement", "不是我摆的")
        withdraw_reply(t.session, t.bench.supervisor, reply.id, "误登")

    stage.do(deed)
    return version
