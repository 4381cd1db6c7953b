"""The API's routes, a module a subject, gathered under /api/v1; and what is public."""

from __future__ import annotations

from fastapi import APIRouter

from api.http.routes import (
    access,
    advisers,
    archiving,
    cases,
    certificates,
    committee,
    deadlines,
    decisions,
    devices,
    documents,
    elements,
    exports,
    handling,
    health,
    imports,
    keys,
    ledger,
    linking,
    organisation,
    oversight,
    posts,
    procedure,
    publications,
    recordings,
    recovery,
    retention,
    reviews,
    rooms,
    service,
    session,
    station_side,
    stations,
    today,
    tokens,
    transfers,
    verification,
)

api_router = APIRouter(prefix="/api/v1")
for module in (
    session,
    organisation,
    posts,
    tokens,
    stations,
    station_side,
    devices,
    rooms,
    certificates,
    imports,
    keys,
    recordings,
    recovery,
    cases,
    archiving,
    linking,
    procedure,
    deadlines,
    documents,
    decisions,
    service,
    reviews,
    committee,
    advisers,
    transfers,
    publications,
    today,
    elements,
    access,
    exports,
    oversight,
    handling,
    retention,
    ledger,
    verification,
):
    api_router.include_router(module.router)

public_router = APIRouter()
public_router.include_router(ledger.public_router)
public_router.include_router(health.router)
