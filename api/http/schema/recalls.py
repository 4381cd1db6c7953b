"""Where an original is, and when it can be had."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from api.http.schema.base import Answer


class OriginalPlace(Answer):
    """`store`: it can be had at once. `cold`: it lies in the cold place. `recalling`: somebody asked for it."""

    state: str = Field(examples=["recalling"])
    size_bytes: int | None = Field(default=None, description="as it is stored", examples=[73400320])
    asked_at: datetime | None = Field(default=None, description="when it was asked for first")
    estimated_seconds: int | None = Field(
        default=None,
        description="until it is in the store, were it asked for now; null where it is, or nobody can say",
        examples=[120],
    )
