"""Dossiers for public questions as the API shows them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

from sqlalchemy.orm import Session

from api.http.schema.base import PersonRef
from api.http.schema.dossiers import DossierItem
from api.words.dossiers import RuleNames
from casework.dossiers.making import facts_of, outdated_among
from casework.organisation import names_of
from casework.publication.publicity import PUBLICITY
from casework.publication.rule_file import Named, channels_of, grounds_of
from storage.catalog.dossiers import Dossier


def dossier_items(session: Session, rows: Sequence[Dossier]) -> list[DossierItem]:
    names, outdated = names_of(session, people_of(rows)), outdated_among(session, rows)
    return [
        DossierItem(
            id=row.id,
            case_id=row.case_id,
            ordinal=row.ordinal,
            question=row.question,
            reason=row.reason,
            contact=PersonRef.of(row.contact_id, names),
            contact_way=row.contact_way,
            made_by=PersonRef.of(row.made_by, names),
            made_at=row.made_at,
            sha256=row.sha256.hex(),
            checked_by=PersonRef.maybe(row.checked_by, names),
            checked_at=row.checked_at,
            outdated=row.id in outdated,
            content=facts_of(row),
        )
        for row in rows
    ]


def people_of(rows: Iterable[Dossier]) -> set[uuid.UUID]:
    """Who made them, answers for them, and checked them."""
    named = {person for row in rows for person in (row.made_by, row.contact_id, row.checked_by)}
    return {each for each in named if each is not None}


def rule_names(session: Session, language: str) -> RuleNames:
    rules = [row.rules for row in reversed(PUBLICITY.all(session))]

    def named(found: Iterable[Named]) -> dict[str, str]:
        return {each.code: each.name_en if language == "en" else each.name_zh for each in found}

    return RuleNames(
        named(channel for each in rules for channel in channels_of(each)),
        named(ground for each in rules for ground in grounds_of(each)),
    )
