"""Routers of /api/v1 that know their whole paths, and an application that takes their routes as they are.

`include_router` keeps the router beside the application and builds each route a second time, with its prefix, when the
first request looks for one: ten megabytes of each process, and a walk through all routers with every request.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI

_API = "/api/v1"


def api_router(prefix: str = "", **named: Any) -> APIRouter:
    """As APIRouter, below /api/v1."""
    return APIRouter(prefix=f"{_API}{prefix}", **named)


def add_routes(app: FastAPI, *routers: APIRouter) -> None:
    """In this order, before the first request."""
    for router in routers:
        app.router.routes.extend(router.routes)
