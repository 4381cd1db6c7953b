"""The public's pages (统一公示): no sign-in, nobody's cookie looked at but for the language, kept for a moment.

What is read is in casework/publication/portal.py, and nothing else.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from api.http.api_router import plain_router
from api.http.errors import NotFound
from api.http.kept_answers import Made
from api.http.sessions import archive_of, language_of
from api.pages.portal_feeds import atom_feed, items_document, json_feed
from api.pages.visit import parse_id, refusal_page, render
from casework.publication.portal import (
    LONGEST_QUERY,
    Asked,
    find_public,
    list_changes,
    list_public,
    public_units,
)
from casework.register.calendar import read_day
from retention.paging import Cursor
from storage.catalog.publication import PUBLICATION_KINDS

ROWS: Final = 20
ITEMS: Final = 100
# Asked for anew each time, and told in a few bytes that nothing has changed: what is taken down is gone at once.
CACHING: Final = "public, no-cache"

portal_router = plain_router(include_in_schema=False)


def asked_of(request: Request) -> Asked:
    """What the address asks for. What cannot be understood is not looked for."""
    params = request.query_params
    kind, unit = params.get("kind", ""), params.get("unit", "")
    return Asked(
        query=params.get("q", "").replace("\0", "").strip()[:LONGEST_QUERY],
        kind=kind if kind in PUBLICATION_KINDS else None,
        unit_id=_id_or_none(unit),
        decided_from=_day_or_none(params.get("from", "")),
        decided_until=_day_or_none(params.get("until", "")),
    )


@portal_router.get("/portal", response_model=None)
def portal_page(request: Request) -> Response:
    return answer_public(request, lambda session: public_page(request, "portal.html", build_portal(request, session)))


@portal_router.get("/portal/feed.atom", response_model=None)
def portal_atom(request: Request) -> Response:
    """RFC 4287; what was taken down as RFC 6721 has it."""

    def made(session: Session) -> Made:
        return atom_feed(list_changes(session), str(request.base_url)), "application/atom+xml; charset=utf-8"

    return answer_public(request, made)


@portal_router.get("/portal/feed.json", response_model=None)
def portal_json(request: Request) -> Response:
    """JSON Feed 1.1."""

    def made(session: Session) -> Made:
        return json_feed(list_changes(session), str(request.base_url)), "application/feed+json; charset=utf-8"

    return answer_public(request, made)


@portal_router.get("/portal/items.json", response_model=None)
def portal_items(request: Request) -> Response:
    """All that is public now, page by page, narrowed as the page is."""

    def made(session: Session) -> Made:
        page = list_public(session, asked_of(request), after=_after(request), limit=ITEMS)
        return items_document(page, str(request.base_url)), "application/json; charset=utf-8"

    return answer_public(request, made)


@portal_router.get("/portal/{publication_id}", response_model=None)
def portal_item(request: Request, publication_id: str) -> Response:
    def made(session: Session) -> Made:
        found = find_public(session, parse_id(publication_id))
        if found is None:
            raise NotFound(publication_id[:64])
        return public_page(request, "portal_item.html", {"found": found, "units": public_units(session)})

    return answer_public(request, made)


def build_portal(request: Request, session: Session) -> Mapping[str, Any]:
    asked = asked_of(request)
    page = list_public(session, asked, after=_after(request), limit=ROWS)
    fields = dict(request.query_params)
    following = None if page.next is None else f"/portal?{urlencode({**fields, 'after': page.next.to_text()})}"
    narrowed = bool(asked.query or asked.kind or asked.unit_id or asked.decided_from or asked.decided_until)
    return {
        "rows": page.items,
        "next": following,
        "asked": asked,
        "narrowed": narrowed,
        "kinds": PUBLICATION_KINDS,
        "units": public_units(session),
    }


def public_page(request: Request, template: str, values: Mapping[str, Any]) -> Made:
    response = render(request, template, None, values)
    return bytes(response.body), "text/html; charset=utf-8"


def answer_public(request: Request, make: Callable[[Session], Made]) -> Response:
    """As it was a moment ago, or made now; 304 where the reader has it already."""
    archive, kept = archive_of(request), request.app.state.kept_answers

    def made() -> Made:
        with archive.database.reading() as session:
            return make(session)

    try:
        body, media_type = kept.get((str(request.url), language_of(request)), made)
    except Exception as error:
        return refusal_page(request, error)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"Cache-Control": CACHING, "ETag": tag, "Vary": "Cookie, Accept-Language"}
    if tag in [each.strip() for each in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def _after(request: Request) -> Cursor | None:
    text = request.query_params.get("after", "")
    return Cursor.parse(text) if text else None


def _day_or_none(text: str) -> date | None:
    return read_day(text.strip())


def _id_or_none(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
