"""Search: the first few of every kind, and one kind page by page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import Depends, Query

from api.http.api_router import api_router
from api.http.deeds import looking
from api.http.paging import Wanted, listed
from api.http.reading.search import found_items
from api.http.schema.base import Listed, ShortText
from api.http.schema.search import FoundItem, FoundOfKind, SearchAnswer
from api.http.sessions import SignedIn, TheArchive
from casework.search.found import KINDS, Asked, search
from casework.search.words import Words

router = api_router(prefix="/search", tags=["search"])

Kind = Literal["cases", "documents", "people", "places", "recordings"]
FIRST = 10


def asked_for(
    q: Annotated[ShortText, Query(description="检索词，以空格分开，须全部出现；每词至少两个字 / words, all of them")],
    since: Annotated[datetime | None, Query(alias="from", description="时间起 / at or after")] = None,
    until: Annotated[datetime | None, Query(alias="to", description="时间止 / before")] = None,
) -> Asked:
    """Raises TextUnusable for words that cannot be searched for."""
    return Asked(Words.parse(q), _aware(since), _aware(until))


WhatIsAsked = Annotated[Asked, Depends(asked_for)]


@router.get("", summary="检索 / Search everything")
def search_all(viewer: SignedIn, archive: TheArchive, asked: WhatIsAsked) -> SearchAnswer:
    """The latest of each kind: cases, documents, people, places, recordings."""
    with looking(archive, viewer) as session:
        found = {kind: search(session, viewer.person, kind, asked, limit=FIRST) for kind in KINDS}
        return SearchAnswer(
            kinds=[FoundOfKind(kind=kind, found=listed(page, found_items)) for kind, page in found.items()]
        )


@router.get("/{kind}", summary="检索一类 / Search one kind")
def search_kind(
    kind: Kind, viewer: SignedIn, archive: TheArchive, asked: WhatIsAsked, page: Wanted
) -> Listed[FoundItem]:
    with looking(archive, viewer) as session:
        return listed(search(session, viewer.person, kind, asked, page.after, page.limit), found_items)


def _aware(moment: datetime | None) -> datetime | None:
    """A time without an offset is taken for UTC."""
    return moment if moment is None or moment.tzinfo is not None else moment.replace(tzinfo=UTC)
