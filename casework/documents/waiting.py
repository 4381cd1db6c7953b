"""Final documents that wait for a seal which a merge of units would take from them.

They bear the name and the number of who issues them: another unit's seal on them would be a contradiction for good.
"""

from __future__ import annotations

import uuid

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from casework.documents.seals import find_seal
from casework.units import unit_tree
from storage.catalog.archiving import CaseArchive
from storage.catalog.casework import Case
from storage.catalog.documents import Document, DocumentNumber, DocumentTemplate, FinalDocument, SealedDocument


def papers_that_lose_their_seal(session: Session, unit_id: uuid.UUID, into_id: uuid.UUID) -> tuple[str, ...]:
    """By number, or by kind and case: of the unit and those below it, where another seal would count after the merge.

    Those of archived cases wait for nothing, nor do those of units that have no seal here: theirs are sealed on paper.
    """
    tree = set(session.scalars(select(unit_tree(unit_id).c.id)))
    waiting = (
        select(Document.unit_id, DocumentTemplate.title_zh, Case.number, DocumentNumber)
        .join(FinalDocument, FinalDocument.document_id == Document.id)
        .join(DocumentTemplate, DocumentTemplate.id == Document.template_id)
        .join(Case, Case.id == Document.case_id)
        .outerjoin(DocumentNumber, DocumentNumber.id == FinalDocument.number_id)
        .outerjoin(SealedDocument, SealedDocument.document_id == Document.id)
        .outerjoin(CaseArchive, CaseArchive.case_id == Document.case_id)
        .where(Document.unit_id.in_(tree), Document.withdrawn_at.is_(None), SealedDocument.id.is_(None))
        .where(CaseArchive.id.is_(None), DocumentTemplate.rules["sealed"].as_boolean())
        .order_by(FinalDocument.finalised_at, FinalDocument.id)
    )
    found = session.execute(waiting).all()
    losing = {
        each for each in {row.unit_id for row in found} if _loses_its_seal(session, each, tree - {unit_id}, into_id)
    }
    return tuple(_named(row) for row in found if row.unit_id in losing)


def _loses_its_seal(session: Session, unit_id: uuid.UUID, below: set[uuid.UUID], into_id: uuid.UUID) -> bool:
    """`below`: the units that come along with the merged one, each with the seal it has."""
    seal = find_seal(session, unit_id)
    if seal is None or seal.unit_id in below:
        return False
    after = find_seal(session, into_id)
    return after is None or after.id != seal.id


def _named(row: Row[uuid.UUID, str, str, DocumentNumber]) -> str:
    _, title, case, number = row
    return f"{title}（{case if number is None else number.written}）"
