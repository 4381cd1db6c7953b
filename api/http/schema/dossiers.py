"""Dossiers for public questions."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from pydantic import Field

from api.http.schema.base import Answer, Form, LongText, PersonRef, Sha256Hex, ShortText


class NewDossier(Form):
    """`contact_id`: who answers outside, of the case's unit; `contact_way`: how he is reached."""

    question: LongText = Field(examples=["网友问：为什么扣走摊贩的推车？"])
    reason: LongText = Field(examples=["区融媒体中心来函核实"])
    contact_id: uuid.UUID
    contact_way: ShortText = Field(examples=["023-6700 0000"])


class DossierItem(Answer):
    """`content` is what may be said, masked (docs/dossiers.md); `sha256` is of its canonical JSON, as in the ledger.

    It is handed on once somebody else has checked it. `outdated`: what may be said has changed since; another is made.
    """

    id: uuid.UUID
    case_id: uuid.UUID
    ordinal: int
    question: str
    reason: str
    contact: PersonRef
    contact_way: str
    made_by: PersonRef
    made_at: datetime
    sha256: Sha256Hex
    checked_by: PersonRef | None
    checked_at: datetime | None
    outdated: bool
    content: dict[str, Any]
