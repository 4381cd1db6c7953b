"""The application's routes are those that the modules made, once: no router stands beside it that builds them anew."""

from __future__ import annotations

from fastapi.routing import APIRoute
from starlette.routing import Mount, Route

from api.http.app import make_framework
from api.http.routes import PUBLIC_ROUTERS, ROUTERS


def test_every_route_is_in_the_application_itself_with_its_whole_path() -> None:
    framework = make_framework()
    assert {type(each) for each in framework.routes} == {Route, Mount, APIRoute}
    theirs = [each for router in (*ROUTERS, *PUBLIC_ROUTERS) for each in router.routes]
    assert len(theirs) > 200
    assert {id(each) for each in theirs} <= {id(each) for each in framework.routes}
    assert all(each.path.startswith("/api/v1/") for router in ROUTERS for each in router.routes)  # type: ignore[attr-defined]
