"""The application's routes are those that the modules made, once: no router stands beside it that builds them anew."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Mount, Route

from api.http.api_router import LateRoute, add_routes, plain_router
from api.http.app import make_framework
from api.http.routes import PUBLIC_ROUTERS, ROUTERS


def test_every_route_is_in_the_application_itself_with_its_whole_path() -> None:
    framework = make_framework()
    assert {type(each) for each in framework.routes} == {Route, Mount, LateRoute}
    theirs = [each for router in (*ROUTERS, *PUBLIC_ROUTERS) for each in router.routes]
    assert len(theirs) > 200
    assert {id(each) for each in theirs} <= {id(each) for each in framework.routes}
    assert all(each.path.startswith("/api/v1/") for router in ROUTERS for each in router.routes)  # type: ignore[attr-defined]


def test_every_route_can_be_worked_out() -> None:
    for each in make_framework().routes:
        if isinstance(each, LateRoute):
            assert each.dependant.call is each.endpoint


def test_a_route_is_worked_out_by_the_first_request_for_it_and_by_no_other() -> None:
    router = plain_router("/things")

    @router.get("/{number}")
    def show(number: int) -> dict[str, int]:
        return {"number": number}

    @router.put("/{number}", status_code=202)
    def put(number: int, wide: bool = False) -> dict[str, bool]:
        return {"wide": wide}

    app = FastAPI()
    add_routes(app, router)
    shown, written = router.routes
    assert not any("dependant" in vars(each) for each in router.routes)
    assert ask(app, "GET", "/elsewhere").status_code == 404
    assert ask(app, "POST", "/things/1").status_code == 405
    assert not any("dependant" in vars(each) for each in router.routes)
    assert ask(app, "GET", "/things/1").json() == {"number": 1}
    assert ("dependant" in vars(shown), "dependant" in vars(written)) == (True, False)
    assert ask(app, "GET", "/things/x").status_code == 422
    answer = ask(app, "PUT", "/things/1?wide=true")
    assert (answer.status_code, answer.json()) == (202, {"wide": True})


def test_what_a_route_does_not_have_is_missing_before_and_after() -> None:
    router = plain_router()
    router.get("/one")(lambda: None)
    (route,) = router.routes
    assert isinstance(route, APIRoute)
    for _ in range(2):
        with pytest.raises(AttributeError):
            _ = route.no_such_thing  # type: ignore[attr-defined]


def ask(app: Any, method: str, path: str) -> httpx.Response:
    async def answered() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://archive") as client:
            return await client.request(method, path)

    return asyncio.run(answered())
