"""Documents: those of a case on its page, and one with its form, signatures, number and seal."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.http.sessions import language_of
from api.pages.decisions_said import said_of
from api.pages.visit import Visit
from api.shown import input_instant
from casework.cases import find_case
from casework.documents.decided import decisions_to_state
from casework.documents.drafts import servable, writing
from casework.documents.facts import FACTS, OF_DECISION
from casework.documents.kept import OF_REVIEWERS
from casework.documents.listing import DocumentNow, documents_of_case, find_document, kinds_to_begin
from casework.documents.reading import read_document, who_read
from casework.documents.seals import find_seal
from casework.documents.template_file import TemplateField
from casework.documents.wording import say_facts
from casework.errors import AccessRefused
from casework.organisation import names_of
from casework.permission import MAY
from storage.catalog.casework import Case
from storage.catalog.decisions import DecisionIssue
from storage.catalog.documents import OUR_ROLES, DocumentTemplate

EMPTY_ROWS = 1


@dataclass(frozen=True)
class Asked:
    """A field of the form with what stands in it; `rows` of a list, with one more to fill in."""

    field: TemplateField
    value: str
    rows: tuple[tuple[Asked, ...], ...] = ()


def build_case_documents(visit: Visit, case: Case, sees: bool) -> Mapping[str, Any]:
    """What the case page's part about documents is filled from."""
    begun = [
        row
        for row in kinds_to_begin(visit.session, case, visit.now)
        if visit.person.role in MAY[writing(row.kind)] and (sees or row.kind == OF_REVIEWERS)
    ]
    several = _several_decisions(visit, case, begun)
    documents = documents_of_case(visit.session, case.id)
    return {
        "documents": documents if sees else (),
        "document_titles": {each.document.id: each.title for each in documents},
        "document_templates": begun,
        "document_decisions": several,
        "document_decisions_said": said_of(visit.session, several),
    }


def _several_decisions(visit: Visit, case: Case, begun: Sequence[DocumentTemplate]) -> tuple[DecisionIssue, ...]:
    """Those of which one is chosen for a document that states it; none where it is clear which one is meant."""
    of_kinds = [decisions_to_state(visit.session, case.id, row.kind) for row in begun]
    return tuple(each for found in of_kinds if len(found) > 1 for each in found)


def build_document(visit: Visit) -> Mapping[str, Any]:
    """That it is read is entered before anything of it is shown; whoever is not at work on its case says why first."""
    session, person = visit.session, visit.person
    seen = find_document(session, person, visit.path_id())
    case = find_case(session, person, seen.document.case_id)
    if not _reads(visit, seen.document.id):
        return {"case": case, "seen": seen, "document": seen.document, "asks_reason": True}
    readings = who_read(session, seen.document.id)
    document, in_english = seen.document, language_of(visit.request) == "en"
    said = say_facts(seen.text.facts)
    people = [document.begun_by, seen.text.saved_by, document.withdrawn_by]
    people += [row.stated_by for row in seen.signatures]
    people += [None if seen.final is None else seen.final.finalised_by]
    people += [None if seen.sealed is None else seen.sealed.sealed_by]
    people += [row.person_id for row in readings.items]
    return {
        "case": case,
        "seen": seen,
        "document": document,
        "asks_reason": False,
        "readings": readings.items,
        "more_readings": readings.next is not None,
        "asked": [_ask(field, seen.text.fields.get(field.name)) for field in seen.template.typed],
        "case_says": [(FACTS[name].label[in_english], name, said.get(name)) for name in _facts_shown(seen)],
        "served": servable(session, case.id),
        "chosen": {each for field in seen.template.fields for each in _chosen(field, seen)},
        "names": names_of(session, {each for each in people if each is not None}),
        "seal": find_seal(session, document.unit_id),
        "may": _may(visit, seen),
    }


def _reads(visit: Visit, document_id: uuid.UUID) -> bool:
    """Whether the person may go on reading, which is entered; False: he has to say why first."""
    try:
        with visit.archive.database.transaction() as session:
            read_document(session, visit.person, document_id, visit.now)
    except AccessRefused as refused:
        if refused.reason != "reason_needed":
            raise
        return False
    return True


def _facts_shown(seen: DocumentNow) -> list[str]:
    """What its template takes from the case, and what it has of its decision, asked for or not."""
    of_decision = OF_DECISION if seen.document.issues_decision else ()
    return list(dict.fromkeys((*(fact.name for fact in seen.template.facts), *of_decision)))


def _may(visit: Visit, seen: DocumentNow) -> dict[str, Any]:
    role, is_draft = visit.person.role, seen.state == "draft"
    own = {"officer": ("officer", "supervisor"), "approver": ("supervisor",), "reviewer": ("legal_reviewer",)}
    wanted = dict(seen.unsigned)
    return {
        "write": is_draft and role in MAY[writing(seen.document.kind)],
        "sign": [each for each in OUR_ROLES if is_draft and each in wanted and role in own[each]],
        "state": [
            each
            for each in ("party", "witness")
            if is_draft and "party" in seen.template.signatures and role in MAY["work_on_cases"]
        ],
        "seal": seen.state == "final" and role in MAY["seal_documents"],
        "withdraw": seen.state != "withdrawn"
        and role in (MAY[writing(seen.document.kind)] if is_draft else MAY["withdraw_documents"]),
    }


def _ask(field: TemplateField, value: Any) -> Asked:
    if field.type != "rows":
        return Asked(field, _input_value(field, value))
    rows = [*(value or ()), *({} for _ in range(EMPTY_ROWS))]
    return Asked(
        field, "", tuple(tuple(_ask(column, row.get(column.name)) for column in field.columns) for row in rows)
    )


def _input_value(field: TemplateField, value: Any) -> str:
    if value is None or field.type == "documents":
        return ""
    return input_instant(datetime.fromisoformat(value)) if field.type == "moment" else str(value)


def _chosen(field: TemplateField, seen: DocumentNow) -> list[str]:
    return list(seen.text.fields.get(field.name, ())) if field.type == "documents" else []
