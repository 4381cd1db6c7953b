"""A case goes from stage to stage as its procedure's machine says, and back only with a supervisor's reason."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.errors import RoleNotAllowed, StageNeeds, StageOutOfOrder
from casework.handling import refuse_too_few_officers
from casework.open_cases import lock_open_case, record_case_change
from casework.permission import require
from casework.procedure.acts import standing_acts
from casework.review.gate import at_the_gate
from casework.stage_machines import find_step, steps_from
from casework.wording import known_word, required_text
from retention.permission import require_role
from storage.catalog.casework import STAGES, UNSTATED, Case, CaseStage
from storage.catalog.organisation import Person
from storage.catalog.procedure import CaseAct, CaseActStatement


def enter_stage(session: Session, by: Person, case_id: uuid.UUID, stage: str, reason: str | None = None) -> CaseStage:
    """The case goes on to a stage that its procedure's machine leads to; or back to one it was in, with `reason`.

    What is decided was investigated by certified officers (处罚法 42): docs/cases.md.
    Nothing is executed that was not issued, and let out by the gate (docs/review.md).
    Raises StageOutOfOrder with the stages that can be entered, StageNeeds, OfficersMissing, GateShut, CaseClosed,
    WordUnknown, TextUnusable for a way back without a reason, RoleNotAllowed, UnknownSubject, OutsideUnit.
    """
    require(by, "work_on_cases")
    known_word("stage", stage, STAGES)
    case = lock_open_case(session, by, case_id)
    if stage in stages_behind(session, case):
        return _go_back(session, by, case, stage, reason)
    step = find_step(case.procedure, case.stage, stage)
    if step is None:
        raise _refusal(case, stage)
    require_role(by, "work_on_cases", step.by, RoleNotAllowed)
    if stage == "decision":
        refuse_too_few_officers(session, case, stage, datetime.now(UTC))
    if "hearing_held" in step.needs and not _hearing_held(session, case):
        raise StageNeeds(case.id, stage, "hearing_held")
    return _enter(session, by, case, stage, None)


def begin_stages(session: Session, by: Person, case: Case) -> CaseStage:
    """The first stage of a case that was just opened: its entry is the case's own."""
    return _add_stage(session, by, case, 1, None, STAGES[0], None)


def next_stages(case: Case) -> tuple[str, ...]:
    """Those that can be entered from where it stands, going on."""
    return () if case.closed_at is not None else tuple(step.leads_to for step in steps_from(case.procedure, case.stage))


def stages_behind(session: Session, case: Case) -> tuple[str, ...]:
    """Those it was in before the one it is in, in their order: a supervisor may lead it back there."""
    present = STAGES.index(case.stage)
    entered = set(session.scalars(select(CaseStage.stage).where(CaseStage.case_id == case.id)))
    return tuple(stage for stage in STAGES[:present] if stage in entered)


def stages_of(session: Session, case_id: uuid.UUID) -> tuple[CaseStage, ...]:
    """The stages a case has entered, in order; one that it was led back to more than once."""
    return tuple(session.scalars(select(CaseStage).where(CaseStage.case_id == case_id).order_by(CaseStage.ordinal)))


def _go_back(session: Session, by: Person, case: Case, stage: str, reason: str | None) -> CaseStage:
    require(by, "return_a_stage")
    return _enter(session, by, case, stage, required_text("reason", reason or ""))


def _refusal(case: Case, wanted: str) -> StageOutOfOrder | StageNeeds:
    following = next_stages(case)
    if case.procedure == UNSTATED and not following and STAGES.index(wanted) > STAGES.index(case.stage):
        return StageNeeds(case.id, wanted, "procedure_stated")
    return StageOutOfOrder(case.id, case.stage, wanted, following)


def _hearing_held(session: Session, case: Case) -> bool:
    held = standing_acts().where(
        CaseAct.case_id == case.id,
        CaseActStatement.kind.in_(("hearing", "hearing_room")),
        ~func.upper_inf(CaseActStatement.span),
    )
    return session.execute(held.limit(1)).first() is not None


def _enter(session: Session, by: Person, case: Case, stage: str, reason: str | None) -> CaseStage:
    former = case.stage
    last = session.scalar(select(func.max(CaseStage.ordinal)).where(CaseStage.case_id == case.id)) or 0
    entered = _add_stage(session, by, case, last + 1, former, stage, reason)
    case.stage = stage
    session.flush()
    data = {"from": former, "to": stage, "ordinal": entered.ordinal}
    if reason is None:
        record_case_change(session, by, case, "case.stage_entered", data)
    else:
        record_case_change(session, by, case, "case.stage_returned", data, {"reason": reason})
    return entered


def _add_stage(
    session: Session, by: Person, case: Case, ordinal: int, former: str | None, stage: str, reason: str | None
) -> CaseStage:
    """Before the case's own row: the database holds that one against this."""
    entered = CaseStage(
        unit_id=case.unit_id,
        case_id=case.id,
        ordinal=ordinal,
        from_stage=former,
        stage=stage,
        reason=reason,
        entered_by=by.id,
        entered_at=datetime.now(UTC),
    )
    with at_the_gate(session, case.id):
        session.add(entered)
    return entered
