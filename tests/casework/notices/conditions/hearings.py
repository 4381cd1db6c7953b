"""Of the hearing: whether it is owed, offered, asked for, announced and held."""

from __future__ import annotations

from casework.notices.withdrawing import withdraw_notice
from storage.catalog.decisions import DecisionVersion
from storage.catalog.notices import PartyNotice
from tests.casework.notices.conditions.known import BACK, Stage, case, changed, notice_of, offered, told
from tests.casework.notices.told import Telling


@case([], ["hearing_untold"], "hearing_measures")
def a_warning_owes_no_hearing(stage: Stage) -> DecisionVersion:
    return told(stage, measures=("warning",), amount_fen=None, content="警告")


@case([], ["hearing_untold"], "hearing_amount")
def a_small_fine_owes_no_hearing(stage: Stage) -> DecisionVersion:
    return told(stage)


@case([], ["hearing_untold"], "hearing_party")
def what_is_large_for_a_citizen_alone(stage: Stage) -> DecisionVersion:
    return told(stage, amount_fen=600_000, content="罚款六千元")


@case(["hearing_untold"], [], "hearing_procedure")
def a_small_fine_in_the_procedure_of_hearings(stage: Stage) -> DecisionVersion:
    version = told(stage)
    stage.sql('ALTER TABLE "case" DISABLE TRIGGER USER; UPDATE "case" SET procedure = \'hearing_penalty\'')
    return version


@case(["hearing_untold"], [], "hearing_owed")
def a_large_fine(stage: Stage) -> DecisionVersion:
    def deed(t: Telling) -> DecisionVersion:
        version = t.bench.draft()
        t.tell_all(version)
        return version

    return stage.do(deed)  # type: ignore[no-any-return]


@case(["hearing_untold"], ["hearing_unserved"], "hearing_untold")
def a_large_fine_and_no_offer(stage: Stage) -> DecisionVersion:
    return a_large_fine(stage)


@case(["hearing_days"], [], "hearing_offered", "hearing_days")
def a_hearing_offered_that_was_not_owed(stage: Stage) -> DecisionVersion:
    version = told(stage)
    stage.do(lambda t: t.offer_hearing(t.session.get_one(DecisionVersion, version.id)))
    return version


@case(["hearing_unserved"], ["hearing_days"], "hearing_served")
def the_offer_was_not_served(stage: Stage) -> DecisionVersion:
    version = told(stage)
    stage.do(lambda t: t.tell(t.session.get_one(DecisionVersion, version.id), "hearing"))
    stage.sql(BACK)
    return version


@case(["hearing_untold"], [], "hearing_tells_of")
def the_offer_told_of_less(stage: Stage) -> DecisionVersion:
    version = offered(stage)
    stage.sql(BACK)
    harder = changed(stage, version, amount_fen=7_000_000, content="罚款七万元")
    stage.do(lambda t: t.tell_all(t.session.get_one(DecisionVersion, harder.id)))
    return harder


@case(["hearing_untold"], [], "hearing_kind")
def the_first_notice_is_no_offer(stage: Stage) -> DecisionVersion:
    version = a_large_fine(stage)
    stage.sql(BACK)
    return version


@case(["hearing_untold"], [], "hearing_own_decision")
def the_offer_was_of_another_draft(stage: Stage) -> DecisionVersion:
    offered(stage)
    version = a_large_fine(stage)
    stage.sql(BACK)
    return version


@case(["hearing_untold"], [], "hearing_notice_stands")
def the_offer_was_withdrawn(stage: Stage) -> DecisionVersion:
    version = offered(stage)

    def deed(t: Telling) -> None:
        notice = t.session.query(PartyNotice).where(PartyNotice.kind == "hearing").one()
        withdraw_notice(t.session, t.bench.supervisor, notice.id, "误登")

    stage.do(deed)
    stage.sql(BACK)
    return version


@case(["hearing_unheld"], ["hearing_short"], "hearing_held")
def a_hearing_asked_for_and_not_held(stage: Stage) -> DecisionVersion:
    version = offered(stage)

    def deed(t: Telling) -> None:
        notice = t.session.query(PartyNotice).where(PartyNotice.kind == "hearing").one()
        t.hear(notice, "hearing_requested")

    stage.do(deed)
    return version


@case(["hearing_unheld"], [], "held_once_asked")
def a_hearing_that_was_held_before_he_asked(stage: Stage) -> DecisionVersion:
    version = offered(stage)

    def deed(t: Telling) -> None:
        notice = t.session.query(PartyNotice).where(PartyNotice.kind == "hearing").one()
        t.hold_hearing()
        t.hear(notice, "hearing_requested")

    stage.do(deed)
    stage.sql(
        "ALTER TABLE case_event DISABLE TRIGGER USER; UPDATE case_event SET day = day - 1 WHERE kind = 'hearing_held'"
    )
    return version


@case(["hearing_days"], [], "hearing_waiver_shown")
def the_film_of_the_hearing_given_up_is_taken_out(stage: Stage) -> DecisionVersion:
    version = offered(stage)
    without_film_of(stage, "hearing_waived")
    return version


@case(["hearing_unheld"], [], "taken_back_shown")
def the_film_of_what_he_took_back_is_taken_out(stage: Stage) -> DecisionVersion:
    version = offered(stage)
    stage.do(lambda t: t.hear(notice_of(t), "hearing_requested"))
    without_film_of(stage, "hearing_request_withdrawn")
    return version


def without_film_of(stage: Stage, kind: str) -> None:
    """He said so, and a film showed it, which is in the case no more."""
    film = stage.do(lambda t: t.hear(notice_of(t), kind).recording_id)
    stage.sql(
        "UPDATE case_link SET ended_at = now(), ended_by = person_id, end_reason = 'x' WHERE recording_id = %(film)s",
        {"film": film},
    )


def heard(stage: Stage, told_days_before: int | None, *, agreed: bool = False) -> DecisionVersion:
    """He asked, and was heard today, told of it so many days before."""
    version = offered(stage)

    def deed(t: Telling) -> None:
        t.hear(notice_of(t), "hearing_requested")
        if agreed:
            t.hear(notice_of(t), "hearing_short_notice_agreed")
        t.hold_hearing(told_days_before=told_days_before)

    stage.do(deed)
    return version


@case(["hearing_short"], [], "hearing_short")
def told_of_the_hearing_six_days_before(stage: Stage) -> DecisionVersion:
    return heard(stage, 6)


@case([], ["hearing_short"], "hearing_announced")
def told_of_the_hearing_in_time(stage: Stage) -> DecisionVersion:
    return heard(stage, 7)


@case([], ["hearing_short"], "short_notice_agreed")
def he_agrees_to_be_heard_at_once(stage: Stage) -> DecisionVersion:
    return heard(stage, None, agreed=True)
