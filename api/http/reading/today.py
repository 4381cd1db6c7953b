"""What waits, as answers say it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy.orm import Session

from api.http.reading.completeness import gap_items, judged_item
from api.http.reading.deadlines import due_items
from api.http.reading.procedure import explanation_item, explanation_names
from api.http.reading.rooms import caseless_items
from api.http.schema.base import CaseRef, PersonRef
from api.http.schema.today import (
    EndingItem,
    FindingDueItem,
    OfficerDayItem,
    ReturnDueItem,
    ShiftItem,
    TallyItem,
    ToDecideItem,
)
from casework.filereview.waiting import FindingDue
from casework.returns.listing import ReturnShown
from casework.today.closing import Ending
from casework.today.officer import OfficerDay
from casework.today.recorded import RecordedByOne
from casework.today.shift import Shift, ToDecide
from casework.units import shown_unit
from storage.catalog.casework import Case


def officer_day_item(session: Session, mine: OfficerDay, day: date) -> OfficerDayItem:
    names = explanation_names(session, [each.explanation for each in mine.returned])
    return OfficerDayItem(
        day=day,
        today=gap_items(session, mine.today),
        earlier=gap_items(session, mine.earlier),
        returned=[explanation_item(each.explanation, names) for each in mine.returned],
        questions=mine.questions,
        due=due_items(session, mine.due),
        findings=[_finding_item(each) for each in mine.findings],
        caseless=caseless_items(session, mine.caseless),
    )


def shift_item(session: Session, shift: Shift) -> ShiftItem:
    return ShiftItem(
        day=shift.day,
        tallies=[_tally_item(each) for each in shift.recorded],
        gaps=gap_items(session, shift.gaps),
        to_decide=_to_decide_items(session, shift.to_decide),
        ending=ending_items(session, shift.ending.items),
        due=due_items(session, shift.due),
        findings=[_finding_item(each) for each in shift.findings],
        returns=[_return_item(each) for each in shift.returns],
        caseless=caseless_items(session, shift.caseless),
        overdue=shift.overdue,
        requests=shift.requests,
        questions=shift.questions,
        link_questions=shift.link_questions,
    )


def ending_items(session: Session, endings: Sequence[Ending]) -> list[EndingItem]:
    acts = [judged for each in endings for judged in each.forbidding]
    names = explanation_names(session, [row for judged in acts for row in judged.explanations])
    return [
        EndingItem(case=_case_ref(each.case), forbidding=[judged_item(judged, names) for judged in each.forbidding])
        for each in endings
    ]


def _to_decide_items(session: Session, waiting: Sequence[ToDecide]) -> list[ToDecideItem]:
    names = explanation_names(session, [each.explanation for each in waiting])
    return [
        ToDecideItem(
            case=_case_ref(each.case),
            act_id=each.explanation.act_id,
            explanation=explanation_item(each.explanation, names),
        )
        for each in waiting
    ]


def _finding_item(each: FindingDue) -> FindingDueItem:
    row = each.row
    return FindingDueItem(
        id=row.id,
        review_id=row.round_id,
        case=_case_ref(each.case),
        item=row.item,
        problem=row.problem,
        due_on=row.due_on,
        state=each.state,
        days_left=each.days_left,
        answered=each.answered,
    )


def _return_item(each: ReturnShown) -> ReturnDueItem:
    owed = each.owed
    return ReturnDueItem(
        id=None if each.current is None else each.current.row.id,
        unit_id=owed.unit.id,
        unit=shown_unit(owed.unit),
        code=owed.kind.code,
        name=owed.kind.name_zh,
        period=owed.period.code,
        due_on=owed.due.day,
        state=each.state,
        days_left=each.days_left,
        step=each.step,
    )


def _tally_item(recorded: RecordedByOne) -> TallyItem:
    person = None if recorded.person is None else PersonRef(id=recorded.person.id, name=recorded.person.name)
    return TallyItem(**{**vars(recorded), "person": person})


def _case_ref(case: Case) -> CaseRef:
    return CaseRef(id=case.id, number=case.number, title=case.title)
