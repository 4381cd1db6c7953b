"""The HTTP application: uploads beside the framework, everything else within it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from api.archive import Archive, open_archive_for_people
from api.http.api_router import add_routes
from api.http.asking_again import with_asking_again
from api.http.body_limit import with_body_limit
from api.http.headers import with_security_headers
from api.http.kept_answers import KeptAnswers
from api.http.metrics import Metrics, with_measuring
from api.http.openapi import describe
from api.http.playback.leaving import Playback
from api.http.playback.quickly import with_standing_windows
from api.http.presented import with_shown_secret
from api.http.problem_responses import install_problem_handlers, plain_http_response
from api.http.proxies import with_trusted_proxies
from api.http.routes import PUBLIC_ROUTERS, ROUTERS
from api.logs import write_log_lines
from api.node_folder import own_staging
from api.pages.kept_counts import KeptCounts
from api.settings import load_settings
from api.tasks.waking import Waker
from api.tracing.opening import open_spans
from api.upload_limits import upload_limits, upload_register
from ingest.uploads.application import mount_uploads, tus_application
from ingest.uploads.asgi import AsgiApplication

FOR_PROGRAMS = ("api", "ledger", "uploads")
STATIC = Path(__file__).parents[1] / "pages" / "static"
# Requests in worker threads (40) each take one; what finds none waits, and is told so after half a minute.
POOL_SIZE = 20


def create_app(archive: Archive | None = None, framework: FastAPI | None = None) -> AsgiApplication:
    """Uvicorn's factory. Without an archive, the one that the settings describe. A framework serves one at a time."""
    write_log_lines()
    archive = archive or open_archive_for_people(load_settings(), pool_size=POOL_SIZE)
    framework = framework or own_framework()
    framework.state.archive = archive
    framework.state.metrics = Metrics()
    framework.state.kept_answers = KeptAnswers()
    framework.state.kept_counts = KeptCounts()
    framework.state.playback = Playback(archive)
    framework.state.spans = spans = open_spans(archive.settings, "liuhen-http")
    answering = with_body_limit(with_shown_secret(with_asking_again(with_standing_windows(framework))))
    answering = with_measuring(answering, framework.state.metrics)
    uploads = make_uploads(archive)
    if spans is not None:
        from api.tracing.requests import with_receipt_spans, with_request_spans

        uploads, answering = with_request_spans(uploads, spans), with_receipt_spans(answering, spans)
    application = with_security_headers(mount_uploads(uploads, answering))
    return with_trusted_proxies(application, archive.settings)


@cache
def own_framework() -> FastAPI:
    """A process's only one; a fork has it from before it was one."""
    return make_framework()


def _do_without_former_models() -> None:
    """FastAPI asks of what it meets whether it is a model of pydantic's first version, and has all of that loaded by
    the first request that makes it ask: two MiB of the process. Where it finds none installed it goes on without."""
    sys.modules.setdefault("pydantic.v1", None)  # type: ignore[arg-type]


def make_framework() -> FastAPI:
    """The API, the public files and the pages, of no archive yet."""
    _do_without_former_models()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        if app.state.spans is not None:
            await run_in_threadpool(app.state.spans.close)
        app.state.archive.database.close()

    app = FastAPI(
        title="Liuhen 留痕",
        version="1",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    describe(app)
    install_problem_handlers(app)
    add_routes(app, *ROUTERS, *PUBLIC_ROUTERS)
    mount_pages(app)
    return app


def mount_pages(app: FastAPI) -> None:
    from api.pages.portal import portal_router
    from api.pages.portal_open import portal_open_router
    from api.pages.routes import pages_router
    from api.pages.visit import refusal_page

    async def refuse_address(request: Request, error: Exception) -> Response:
        if is_for_a_program(request):
            return plain_http_response(request, error)
        return await run_in_threadpool(refusal_page, request, error)

    app.mount("/static", PublicFiles(directory=STATIC), name="static")
    # The open data before the items, whose ids stand where its names do.
    add_routes(app, pages_router, portal_open_router, portal_router)
    app.add_exception_handler(HTTPException, refuse_address)


def is_for_a_program(request: Request) -> bool:
    """Whether a refusal goes out as a problem document, and not as a page for whoever typed the address."""
    wants_page = request.method in ("GET", "POST") and "text/html" in request.headers.get("accept", "")
    return not wants_page or request.url.path.split("/")[1] in FOR_PROGRAMS


class PublicFiles(StaticFiles):
    """What pages are made of: kept by browsers, and asked after each time, so that a new version shows at once."""

    def file_response(self, *arguments: Any, **named: Any) -> Response:
        response = super().file_response(*arguments, **named)
        response.headers["Cache-Control"] = "no-cache"
        return response


def make_uploads(archive: Archive) -> AsgiApplication:
    """The tus server, on this node's staging disk. Raises UsageRefused where that is another's."""
    settings = archive.settings
    register, limits = upload_register(archive), upload_limits(settings)
    waker = Waker("custody.seal_due")
    if settings.broker_url is not None:
        # A first message takes up to seconds while uploads go on: now nobody waits for it, later a receipt would.
        waker.wake()
    return tus_application(register, own_staging(archive), limits, lambda _: waker.wake())
