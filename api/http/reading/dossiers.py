"""Dossiers for public questions as the API shows them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from api.http.schema.base import PersonRef
from api.http.schema.dossiers import DossierItem
from casework.dossiers.making import facts_of
from casework.organisation import names_of
from casework.publication.publicity import PUBLICITY
from casework.publication.rule_file import channels_of
from storage.catalog.dossiers import Dossier


def dossier_items(session: Session, rows: Sequence[Dossier]) -> list[DossierItem]:
    names = names_of(session, {person for row in rows for person in (row.made_by, row.contact_id)})
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
            content=facts_of(row),
        )
        for row in rows
    ]


def channel_names(session: Session, language: str) -> dict[str, str]:
    """Of every channel that any version of the rules ever named, by its code."""
    found = (channel for row in reversed(PUBLICITY.all(session)) for channel in channels_of(row.rules))
    return {each.code: each.name_en if language == "en" else each.name_zh for each in found}
