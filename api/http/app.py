"""The HTTP application: uploads beside the framework, everything else within it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from prometheus_client import CollectorRegistry, Counter

from api.archive import Archive, open_archive
from api.http.problems import install_problem_handlers
from api.http.routes import api_router, public_router
from api.settings import load_settings
from api.tasks.app import wake
from ingest.uploads.application import mount_uploads, tus_application
from ingest.uploads.contract import UploadLimits
from ingest.uploads.register import CatalogRegister, StationDefaults
from ingest.uploads.request import AsgiApplication
from ingest.uploads.staging import Staging

STATIC = Path(__file__).parents[1] / "pages" / "static"
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def create_app(archive: Archive | None = None) -> AsgiApplication:
    """Uvicorn's factory. Without an archive, the one that the settings describe."""
    archive = archive or open_archive(load_settings(), pool_size=20, process="liuhen-http")
    return mount_uploads(make_uploads(archive), make_framework(archive))


def make_framework(archive: Archive) -> FastAPI:
    """The API, the public files and the pages."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        archive.database.close()

    app = FastAPI(
        title="Liuhen 留痕",
        version="1",
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.archive = archive
    app.state.metrics = CollectorRegistry()
    app.state.anonymous_refusals = Counter(
        "liuhen_anonymous_refusals", "Requests refused because nobody was signed in", registry=app.state.metrics
    )
    install_problem_handlers(app)
    app.middleware("http")(add_security_headers)
    app.include_router(api_router)
    app.include_router(public_router)
    mount_pages(app)
    return app


def mount_pages(app: FastAPI) -> None:
    from api.pages.routes import pages_router

    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.include_router(pages_router)


def make_uploads(archive: Archive) -> AsgiApplication:
    """The tus server, on this host's staging disk."""
    settings = archive.settings
    register = CatalogRegister(archive.database, StationDefaults(settings.uploads_at_once, int(settings.uploads_waiting)))
    limits = UploadLimits(
        max_upload_bytes=int(settings.upload_size),
        minimum_bytes_per_second=int(settings.upload_rate),
        rate_window_seconds=settings.upload_rate_seconds,
    )
    return tus_application(register, Staging(archive.staging_folder), limits, lambda _: wake("custody.seal_due"))


async def add_security_headers(request: Request, call_next: object) -> Response:
    response: Response = await call_next(request)  # type: ignore[operator]
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    return response
