"""The API's routes, a module a subject, gathered under /api/v1; and what is public."""

from __future__ import annotations

from fastapi import APIRouter

from api.http.routes import health, recordings, session, stations

api_router = APIRouter(prefix="/api/v1")
for module in (session, recordings, stations):
    api_router.include_router(module.router)

public_router = APIRouter()
for public in (health,):
    public_router.include_router(public.router)
