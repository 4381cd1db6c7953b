"""Every page of the archive. Pages only show; what they change goes through /api/v1, as a program's would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response

from api.http.api_router import plain_router
from api.http.sessions import LANGUAGE_COOKIE, archive_of, find_viewer
from api.http.station_requests import read_body
from api.i18n import LANGUAGES
from api.pages.navigation import landing_of
from api.pages.queue_form import answer_queue
from api.pages.views_admin import build_admin
from api.pages.views_audit import build_audit
from api.pages.views_cases import build_case, build_cases
from api.pages.views_committee import build_advisers, build_committee, build_transfers
from api.pages.views_deadlines import build_deadlines
from api.pages.views_devices import build_device, build_devices, build_officers
from api.pages.views_documents import build_document
from api.pages.views_dossiers import build_dossier, build_dossiers
from api.pages.views_file_reviews import build_file_review, build_file_reviews
from api.pages.views_gaps import build_gaps
from api.pages.views_oversight import build_oversight
from api.pages.views_publications import build_publication, build_publications
from api.pages.views_questions import build_questions
from api.pages.views_queue import build_queue
from api.pages.views_recording import build_recording
from api.pages.views_recordings import build_recordings
from api.pages.views_requests import build_requests
from api.pages.views_returns import build_return, build_returns
from api.pages.views_reviews import build_review, build_reviews
from api.pages.views_rooms import build_rooms
from api.pages.views_sample import build_sample
from api.pages.views_search import build_search
from api.pages.views_stations import build_stations
from api.pages.views_statistics import build_recorded_month, build_statistics
from api.pages.views_today import build_shift, build_today
from api.pages.visit import Build, page, render
from api.shown import local_path
from api.signin import needs_first_administrator

LANGUAGE_SECONDS = 365 * 24 * 3600
PAGES: Mapping[str, tuple[str, Build]] = {
    "/today": ("today.html", build_today),
    "/shift": ("shift.html", build_shift),
    "/recordings": ("recordings.html", build_recordings),
    "/recordings/{id}": ("recording.html", build_recording),
    "/search": ("search.html", build_search),
    "/cases": ("cases.html", build_cases),
    "/cases/{id}": ("case.html", build_case),
    "/cases/{id}/dossiers": ("dossiers.html", build_dossiers),
    "/dossiers/{id}": ("dossier.html", build_dossier),
    "/documents/{id}": ("document.html", build_document),
    "/requests": ("requests.html", build_requests),
    "/queue": ("queue.html", build_queue),
    "/gaps": ("gaps.html", build_gaps),
    "/deadlines": ("deadlines.html", build_deadlines),
    "/publications": ("publications.html", build_publications),
    "/publications/{id}": ("publication.html", build_publication),
    "/reviews": ("reviews.html", build_reviews),
    "/reviews/{id}": ("review.html", build_review),
    "/committee/{id}": ("committee.html", build_committee),
    "/oversight/sample": ("sample.html", build_sample),
    "/file-reviews": ("file_reviews.html", build_file_reviews),
    "/file-reviews/{id}": ("file_review.html", build_file_review),
    "/returns": ("returns.html", build_returns),
    "/returns/{id}": ("return.html", build_return),
    "/statistics": ("statistics.html", build_statistics),
    "/statistics/recordings": ("recorded_month.html", build_recorded_month),
    "/advisers": ("advisers.html", build_advisers),
    "/transfers": ("transfers.html", build_transfers),
    "/link-questions": ("link_questions.html", build_questions),
    "/rooms": ("rooms.html", build_rooms),
    "/devices": ("devices.html", build_devices),
    "/devices/{id}": ("device.html", build_device),
    "/officers": ("officers.html", build_officers),
    "/stations": ("stations.html", build_stations),
    "/oversight": ("oversight.html", build_oversight),
    "/audit": ("audit.html", build_audit),
    "/admin": ("admin.html", build_admin),
}

pages_router = plain_router(include_in_schema=False)
for path, (template, build) in PAGES.items():
    pages_router.add_api_route(path, page(template, build), methods=["GET"], response_model=None)


@pages_router.post("/queue", response_model=None)
def send_queue_form(request: Request, content: Annotated[bytes, Depends(read_body)]) -> Response:
    """A plain form, for whoever has no script: it needs none."""
    return answer_queue(request, content)


@pages_router.get("/", response_model=None)
def go_to_work(request: Request) -> Response:
    """Each role lands on its own work."""
    viewer = find_viewer(request)
    return redirect("/sign-in" if viewer is None else landing_of(viewer.person.role))


@pages_router.get("/sign-in", response_model=None)
def sign_in_page(request: Request) -> Response:
    after = local_path(request.query_params.get("next")) or "/"
    if find_viewer(request) is not None:
        return redirect(after)
    return render(
        request, "sign_in.html", None, {"after_sign_in": after, "no_administrator": lacks_administrator(request)}
    )


@pages_router.get("/first-administrator", response_model=None)
def first_administrator_page(request: Request) -> Response:
    code = request.query_params.get("code", "")[:200]
    values: Mapping[str, Any] = {"code": code, "no_administrator": lacks_administrator(request)}
    return render(request, "first_administrator.html", None, values)


@pages_router.get("/language/{language}", response_model=None)
def choose_language(request: Request, language: str) -> Response:
    """Keeps the choice in a cookie that says nothing about a person."""
    response = redirect(local_path(request.query_params.get("next")) or "/")
    if language in LANGUAGES:
        secure = urlsplit(str(request.url)).scheme == "https"
        response.set_cookie(LANGUAGE_COOKIE, language, LANGUAGE_SECONDS, httponly=True, samesite="lax", secure=secure)
    return response


def lacks_administrator(request: Request) -> bool:
    """Whether the archive still waits for its first administrator."""
    with archive_of(request).database.reading() as session:
        return needs_first_administrator(session)


def redirect(address: str) -> Response:
    return RedirectResponse(address, 303, headers={"Cache-Control": "no-store"})
