"""What is public before anything happens (事前公开): the catalogue in its versions, and the board of a unit's posts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.http.api_router import plain_router
from api.http.errors import NotFound
from api.pages.portal import answer_public, public_page
from api.pages.visit import parse_id
from casework.publication.board import board_of
from casework.publication.disclosure_file import Disclosed, sections_of
from casework.publication.disclosures import disclosures_on, other_versions
from casework.units import line_of
from integrity.local_time import chinese_day
from storage.catalog.organisation import Unit
from storage.catalog.publication import DisclosureRule

portal_open_router = plain_router(include_in_schema=False)
Catalogue = tuple[DisclosureRule, Mapping[str, tuple[Disclosed, ...]], Sequence[DisclosureRule]]


@portal_open_router.get("/portal/open", response_model=None)
def open_page(request: Request) -> Response:
    return answer_public(
        request, lambda session: public_page(request, "portal_open.html", build_open(request, session))
    )


@portal_open_router.get("/portal/board", response_model=None)
def board_page(request: Request) -> Response:
    """To be printed, and put up in the hall."""

    def made(session: Session) -> tuple[bytes, str]:
        unit = _unit(session, request.query_params.get("unit", ""))
        today = chinese_day(datetime.now(UTC))
        return public_page(
            request, "portal_board.html", {"unit": unit, "board": board_of(session, unit, today), "today": today}
        )

    return answer_public(request, made)


def build_open(request: Request, session: Session) -> Mapping[str, Any]:
    """Without a choice: of the topmost unit, what holds today."""
    today = chinese_day(datetime.now(UTC))
    units = session.scalars(select(Unit).order_by(Unit.parent_id.nulls_first(), Unit.code)).all()
    asked = request.query_params.get("unit", "")
    unit = _unit(session, asked) if asked else next(iter(units), None)
    return {
        "units": units,
        "unit": unit,
        "catalogues": () if unit is None else _catalogues(session, unit, request.query_params.get("version"), today),
        "board": () if unit is None else board_of(session, unit, today),
    }


def _catalogues(session: Session, unit: Unit, version: str | None, today: date) -> tuple[Catalogue, ...]:
    """What holds today; or the one version that was asked for: of this unit or those above it, and none to come."""
    rows = disclosures_on(session, unit.id, today)
    if version:
        row = session.get(DisclosureRule, parse_id(version))
        if row is None or row.valid_from > today or row.unit_id not in (None, *line_of(session, unit.id)):
            raise NotFound(version[:64])
        rows = (row,)
    return tuple((row, sections_of(row.rules), other_versions(session, row, today)) for row in rows)


def _unit(session: Session, text: str) -> Unit:
    """Raises NotFound for what is no unit's id."""
    unit = session.get(Unit, parse_id(text))
    if unit is None:
        raise NotFound(text[:64])
    return unit
