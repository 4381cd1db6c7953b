"""Posts of a unit."""

from __future__ import annotations

import uuid
from datetime import datetime

from pydantic import Field

from api.http.schema.base import Answer, Form, PersonRef, ShortText


class NewPost(Form):
    post: ShortText = Field(description="chief or head_of_legal", examples=["head_of_legal"])


class PostItem(Answer):
    id: uuid.UUID
    unit_id: uuid.UUID
    person: PersonRef
    post: str = Field(examples=["head_of_legal"])
    named_at: datetime
    ended_at: datetime | None
