"""Versions of the city's templates: loaded by the operator from a file, by nobody else, and changed by nobody.

How versions come to be: casework/rules/versions.py. A document keeps the one that held on the day it was begun.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.documents.errors import RenderingFailed, TemplateMissing
from casework.documents.rendering import try_layout
from casework.documents.template_file import Template, TemplateFile, read_template, refuse_nonsense
from casework.errors import RoleNotAllowed
from casework.rules.errors import RuleFileUnusable
from casework.rules.versions import LOADER, Versions, is_read_from_source, shipped_in
from casework.units import Doer
from storage.catalog.documents import DocumentTemplate
from storage.catalog.organisation import Person

SHIPPED: Final = Path(__file__).parent / "shipped"
TEMPLATES: Final = Versions(DocumentTemplate, "template")


def load_template(session: Session, by: Doer, content: bytes, now: datetime) -> DocumentTemplate:
    """Take a version of the city's in, after it was rendered once for trial. The same file again changes nothing.

    No signed-in person loads one: a unit that could, would have templates of its own. Raises RoleNotAllowed for any of
    them, RuleFileUnusable, PolicyOverlaps, PolicyVersionTaken, PolicyBegun, NothingToSupersede.
    """
    if isinstance(by, Person):
        raise RoleNotAllowed("load_templates", by.role, ())
    file = read_template(content)

    def refuse() -> None:
        refuse_nonsense(file)
        _refuse_same_kind(session, file)
        _refuse_unrendered(file)

    return TEMPLATES.take(session, by, file, now, refuse)


def load_shipped_templates(session: Session, now: datetime) -> int:
    """Those of the package that this archive has never had, and whose days are free; how many there were."""
    files = [file for file in _shipped() if not _others_of_kind(session, file)]
    return TEMPLATES.load_shipped(
        session, files, lambda file: TEMPLATES.take(session, LOADER, file, now, lambda: refuse_nonsense(file))
    )


def templates_come_into_force(session: Session, now: datetime) -> int:
    """Enter in the ledger which versions have begun to hold since this was asked last; how many."""
    return TEMPLATES.come_into_force(session, now)


def list_templates(session: Session) -> tuple[DocumentTemplate, ...]:
    """Every version, by series, the latest first."""
    return TEMPLATES.all(session)


def is_of_its_source(row: DocumentTemplate) -> bool:
    """Whether the rules, the digest and all the rest of a row are what its YAML says. Never raises."""
    return is_read_from_source(row, read_template)


def templates_on(session: Session, day: date) -> dict[str, DocumentTemplate]:
    """The one that holds on a day, of each kind of document that has one."""
    rows = session.scalars(select(DocumentTemplate).where(DocumentTemplate.valid.contains(day)))
    return {row.kind: row for row in rows}


def find_template(session: Session, kind: str, day: date) -> DocumentTemplate:
    """Raises TemplateMissing."""
    found = templates_on(session, day).get(kind)
    if found is None:
        raise TemplateMissing(kind, day)
    return found


def template_of(session: Session, template_id: uuid.UUID) -> Template:
    """What the version says that a document keeps."""
    return Template.of(session.get_one(DocumentTemplate, template_id).rules)


def _refuse_same_kind(session: Session, file: TemplateFile) -> None:
    others = _others_of_kind(session, file)
    if others:
        raise RuleFileUnusable(f"kind {file.template.kind} ({others[0].jurisdiction})", "same_kind")


def _others_of_kind(session: Session, file: TemplateFile) -> list[DocumentTemplate]:
    """Of other series, that hold on days of this one."""
    last = file.last_day or date.max
    rows = session.scalars(select(DocumentTemplate).where(DocumentTemplate.jurisdiction != file.jurisdiction))
    return [
        row
        for row in rows
        if row.kind == file.template.kind and row.valid_from <= last and file.valid_from <= (row.last_day or date.max)
    ]


def _refuse_unrendered(file: TemplateFile) -> None:
    try:
        try_layout(file.template, f"{file.jurisdiction} {file.version}")
    except RenderingFailed as error:
        raise RuleFileUnusable(f"layout ({error.said})", "not_rendered") from error


@cache
def _shipped() -> tuple[TemplateFile, ...]:
    return shipped_in(SHIPPED, read_template)
