"""Acts and explanations of one unit, as answers say them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from api.http.reading.names import people_named
from api.http.schema.base import PersonRef
from api.http.schema.procedure import ActItem, ActKindItem, ExplanationItem, StatementItem
from casework.checklists.checklist_file import ActRule
from casework.checklists.checklists import fetch_rulings
from casework.procedure.acts import statements_of_acts
from casework.procedure.explanations import explanations_of
from storage.catalog.procedure import ActExplanation, CaseAct, CaseActStatement

Names = Mapping[uuid.UUID, str]


def act_kind_item(rule: ActRule) -> ActKindItem:
    return ActKindItem(**{**vars(rule), "law": list(rule.law), "duties": list(rule.duties)})


def describe_act(session: Session, act: CaseAct) -> ActItem:
    """An act with its history and every explanation."""
    return describe_acts(session, [act])[0]


def describe_acts(session: Session, acts: Sequence[CaseAct]) -> list[ActItem]:
    """In their order: as many queries for many as for one."""
    ids = [act.id for act in acts]
    statements, explanations = statements_of_acts(session, ids), explanations_of(session, ids)
    names = _names(session, [row for rows in statements.values() for row in rows], explanations)
    rulings = fetch_rulings(session, [kept_ruling(statements[each][-1]) for each in ids])
    return [
        _act_item(act, ruling.rule, statements[act.id], [row for row in explanations if row.act_id == act.id], names)
        for act, ruling in zip(acts, rulings, strict=True)
    ]


def _act_item(
    act: CaseAct,
    rule: ActRule,
    statements: Sequence[CaseActStatement],
    explanations: Sequence[ActExplanation],
    names: Names,
) -> ActItem:
    said = statements[-1]
    return ActItem(
        id=act.id,
        case_id=act.case_id,
        kind=said.kind,
        name_zh=rule.name_zh,
        name_en=rule.name_en,
        starts_at=said.starts_at,
        ends_at=said.ends_at,
        place=said.place,
        officers=[PersonRef.of(each, names) for each in said.officers],
        withdrawn_at=act.withdrawn_at,
        withdraw_reason=act.withdraw_reason,
        statements=[_statement_item(row, names) for row in statements],
        explanations=[explanation_item(row, names) for row in explanations],
    )


def describe_explanation(session: Session, row: ActExplanation) -> ExplanationItem:
    return explanation_item(row, _names(session, (), [row]))


def kept_ruling(said: CaseActStatement) -> tuple[str, list[uuid.UUID]]:
    """By what an act is ruled: its kind, and the versions it has kept."""
    return said.kind, [uuid.UUID(str(each)) for each in said.checklists]


def explanation_names(session: Session, explanations: Sequence[ActExplanation]) -> Names:
    return _names(session, (), explanations)


def _names(session: Session, statements: Sequence[CaseActStatement], explanations: Sequence[ActExplanation]) -> Names:
    said = (person for row in statements for person in (*row.officers, row.stated_by))
    explained = (person for row in explanations for person in (row.given_by, row.decided_by, row.withdrawn_by))
    return people_named(session, *said, *explained)


def _statement_item(row: CaseActStatement, names: Names) -> StatementItem:
    return StatementItem(
        ordinal=row.ordinal,
        kind=row.kind,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        place=row.place,
        officers=[PersonRef.of(each, names) for each in row.officers],
        checklists=[uuid.UUID(str(each)) for each in row.checklists],
        reason=row.reason,
        stated_by=PersonRef.of(row.stated_by, names),
        stated_at=row.stated_at,
    )


def explanation_item(row: ActExplanation, names: Names) -> ExplanationItem:
    assert row.span.lower is not None
    assert row.span.upper is not None
    return ExplanationItem(
        id=row.id,
        act_id=row.act_id,
        starts_at=row.span.lower,
        ends_at=row.span.upper,
        reason=row.reason,
        state=row.state,
        given_by=PersonRef.of(row.given_by, names),
        given_at=row.given_at,
        decision=row.decision,
        decided_by=PersonRef.maybe(row.decided_by, names),
        decided_at=row.decided_at,
        decision_reason=row.decision_reason,
        withdrawn_by=PersonRef.maybe(row.withdrawn_by, names),
        withdrawn_at=row.withdrawn_at,
        withdraw_reason=row.withdraw_reason,
    )
