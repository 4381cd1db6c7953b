"""Routers that know their whole paths, their routes, and an application that takes them as they are.

`include_router` keeps the router beside the application and builds each route a second time, with its prefix, when the
first request looks for one: ten megabytes of each process, and a walk through all routers with every request.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import compile_path, get_name

_API = "/api/v1"


class LateRoute(APIRoute):
    """A route that is worked out when the first request for it comes: parameters, their validators, what it answers.

    Of three hundred that is eight megabytes and a third of a second, and a process is asked for few of them: one that
    receives uploads for none. Until then it is known by its path and its methods, which is what requests are told by.
    A test works out all of them.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **named: Any) -> None:
        self.path, self.endpoint, self._named = path, endpoint, named
        self.name = named.get("name") or get_name(endpoint)
        self.methods = {each.upper() for each in named.get("methods") or ("GET",)}
        self.include_in_schema = named.get("include_in_schema", True)
        self.path_regex, self.path_format, self.param_convertors = compile_path(path)

    def __getattr__(self, name: str) -> Any:
        """What is not there yet."""
        if name.startswith("__") or "_named" not in self.__dict__:
            raise AttributeError(name)
        named = self.__dict__.pop("_named")
        super().__init__(self.path, self.endpoint, **named)
        return getattr(self, name)


def api_router(prefix: str = "", **named: Any) -> APIRouter:
    """Of routes below /api/v1."""
    return plain_router(f"{_API}{prefix}", **named)


def plain_router(prefix: str = "", **named: Any) -> APIRouter:
    """Of routes that are not."""
    return APIRouter(prefix=prefix, route_class=LateRoute, **named)


def add_routes(app: FastAPI, *routers: APIRouter) -> None:
    """In this order, before the first request."""
    for router in routers:
        app.router.routes.extend(router.routes)
