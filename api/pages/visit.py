"""One visit to one page: who is there, what was asked for, and the way from a view to a response."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from sqlalchemy.orm import Session

from api import shown
from api.archive import Archive
from api.credentials import Viewer
from api.http.deeds import looking
from api.http.errors import NotFound, RoleRefused
from api.http.problem_responses import document_of, problem_response
from api.http.sessions import archive_of, find_viewer, language_of
from api.i18n import Translate, translator
from api.pages.navigation import Shown, shown_at
from api.words.durations import span_words
from api.words.elements import reasons_in_words
from api.words.tables import word_for
from retention.paging import Cursor
from storage.catalog.organisation import Person

TEMPLATES = Path(__file__).parent / "templates"
DEMO_MARKER = "demo.json"


@dataclass(frozen=True)
class Visit:
    """What a view is built from. `session` only reads; whatever a page changes goes through the API."""

    request: Request
    archive: Archive
    viewer: Viewer
    session: Session
    translate: Translate
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def person(self) -> Person:
        return self.viewer.person

    def word(self, table: str, code: str) -> str:
        return self.translate(word_for(table, code))

    def show_instant(self, moment: datetime) -> str:
        return shown.show_instant(moment)

    def asked(self, name: str) -> str:
        """A field of the address, without blanks around it; empty when there is none."""
        return self.request.query_params.get(name, "").strip().replace("\0", "")

    def asked_id(self, name: str) -> uuid.UUID | None:
        """The id in a field of the address; None where there is no such field. Raises NotFound for what is none."""
        text = self.asked(name)
        return parse_id(text) if text else None

    @property
    def after(self) -> Cursor | None:
        """Where the page of a list starts. Raises CursorInvalid."""
        return self.cursor("after")

    def cursor(self, name: str) -> Cursor | None:
        """The same of a second list on a page, by its own field of the address. Raises CursorInvalid."""
        text = self.asked(name)
        return Cursor.parse(text) if text else None

    def path_id(self, name: str = "id") -> uuid.UUID:
        """The id in the path. Raises NotFound for what is none."""
        return parse_id(self.request.path_params[name])

    def require(self, *roles: str) -> None:
        """Raises RoleRefused, in the words of the page."""
        if self.person.role not in roles:
            raise RoleRefused(self.person.role, roles)

    def with_query(self, **changes: str | None) -> str:
        """This page's own address with some fields changed; None leaves one out."""
        fields = {**dict(self.request.query_params), **changes}
        kept = {name: value for name, value in fields.items() if value}
        return f"{self.request.url.path}?{urlencode(kept)}" if kept else self.request.url.path

    def next_page(self, cursor: Cursor | None, name: str = "after") -> str | None:
        return None if cursor is None else self.with_query(**{name: cursor.to_text()})


Build = Callable[[Visit], Mapping[str, Any]]


def page(template: str, build: Build) -> Callable[[Request], Response]:
    """The handler of a page: whoever is not signed in signs in first; what is refused is said on a page."""

    def answer(request: Request) -> Response:
        try:
            viewer = find_viewer(request)
            if viewer is None:
                return to_sign_in(request)
            return answer_viewer(request, viewer)
        except Exception as error:
            return refusal_page(request, error)

    def answer_viewer(request: Request, viewer: Viewer) -> Response:
        archive, translate = archive_of(request), translator(language_of(request))
        with looking(archive, viewer) as session:
            visit = Visit(request, archive, viewer, session, translate)
            return render(request, template, viewer, {"visit": visit, **build(visit)})

    return answer


def to_sign_in(request: Request) -> Response:
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse("/sign-in?" + urlencode({"next": here}), 303, headers={"Cache-Control": "no-store"})


def render(
    request: Request, template: str, viewer: Viewer | None, values: Mapping[str, Any], status: int = 200
) -> Response:
    """A template with what every page needs. Never cached: a page shows what one person may see now."""
    language = language_of(request)
    translate = translator(language)
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    common = {
        "_": translate,
        "word": lambda table, code: translate(word_for(table, code)),
        "span": lambda seconds: span_words(seconds, translate),
        "reasons_of": lambda reasons: reasons_in_words(translate, reasons),
        "language": language,
        "here": here,
        "viewer": viewer,
        "csrf_token": (viewer.csrf_token or "") if viewer is not None else "",
        "navigation": shown_at(request.url.path, viewer.person.role) if viewer is not None else Shown(),
        "demo": (archive_of(request).settings.data / DEMO_MARKER).exists(),
    }
    text = ENVIRONMENT.get_template(template).render({**common, **values})
    return HTMLResponse(text, status, {"Cache-Control": "no-store", "Vary": "Cookie, Accept-Language"})


def refusal_page(request: Request, error: Exception) -> Response:
    """What went wrong, in words, with the status a program would get. Ours are logged where the API's are."""
    document = document_of(error, language_of(request))
    if document["status"] >= 500:
        problem_response(request, error)
    if isinstance(error, RoleRefused):
        document |= {"detail": role_refusal(error, translator(language_of(request)))}
    viewer = None if document["status"] >= 500 else find_viewer(request)
    return render(request, "refusal.html", viewer, {"problem": document}, document["status"])


def role_refusal(error: RoleRefused, translate: Translate) -> str:
    allowed = translate("、").join(translate(word_for("role", role)) for role in error.allowed)
    text = translate("您的角色是{role}，此页面供以下角色使用：{allowed}。")
    return text.format(role=translate(word_for("role", error.role)), allowed=allowed)


def parse_id(text: str) -> uuid.UUID:
    """Raises NotFound: an id that cannot be one names nothing."""
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise NotFound(text[:64]) from error


def time_element(moment: datetime | None, text: str) -> Markup:
    if moment is None:
        return Markup("—")
    return Markup('<time datetime="{}">{}</time>').format(moment.isoformat(), text)


def make_environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "instant": lambda moment: time_element(moment, shown.show_instant(moment)),
        "minute": lambda moment: time_element(moment, shown.show_minute(moment)),
        "day": shown.show_day,
        "size": shown.show_size,
        "length_of": shown.show_length,
        "claim": shown.show_claim,
        "local_input": shown.input_instant,
        "local_seconds": shown.input_second,
        "clock_after": lambda moment, before: time_element(moment, shown.show_clock(moment, before)),
        "clock": lambda moment: time_element(moment, shown.show_clock(moment)),
    }
    return environment


ENVIRONMENT = make_environment()
