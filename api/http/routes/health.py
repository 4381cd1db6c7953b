"""Whether the archive lives, whether it can work, and how much it has to do."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.http.api_router import plain_router
from api.http.gauges import show_gauges
from api.http.readiness import judge_readiness
from api.http.schema.ledger import Health
from api.http.sessions import TheArchive

router = plain_router(tags=["health"])


@router.get("/healthz", summary="进程存活 / The process answers")
async def show_life() -> Health:
    return Health(status="ok")


@router.get(
    "/readyz",
    summary="可以工作 / Database, store and keys answer",
    responses={503: {"model": Health, "description": "某一部分无应答 / something does not answer"}},
)
def show_readiness(archive: TheArchive) -> Response:
    found = judge_readiness(archive)
    health = Health(status="ok" if found.ready else "unavailable", checks=dict(found.checks))
    return JSONResponse(health.model_dump(), 200 if found.ready else 503, {"Cache-Control": "no-store"})


@router.get("/metrics", summary="度量（Prometheus） / Metrics", response_class=Response)
def show_metrics(request: Request, archive: TheArchive) -> Response:
    """No personal data: counts, times and sizes alone."""
    counted = generate_latest(request.app.state.metrics.registry)
    return Response(counted + show_gauges(archive), media_type=CONTENT_TYPE_LATEST)
