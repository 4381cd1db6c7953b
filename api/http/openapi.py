"""/openapi.json: what FastAPI derives from the routes, and the problem documents that every route may answer with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response

from api.http.problem_responses import PROBLEM_TYPE
from api.http.schema.base import Problem
from api.http.sessions import CSRF_HEADER, SESSION_COOKIE
from api.settings import PREFIX

DESCRIPTION = """留痕：执法音像记录存证档案。
An archive for enforcement footage whose integrity anybody can check offline.

浏览器以会话 cookie 访问，凡更改须带请求头 X-CSRF-Token；程序以 `Authorization: Bearer` 令牌访问。
Browsers come with a session cookie, and send X-CSRF-Token with whatever changes something; programs with a token.

错误均为 RFC 9457 problem+json，语言取自 Accept-Language。
Errors are RFC 9457 documents, in the language of Accept-Language.
列表以 `cursor` 翻页。Lists are paged by `cursor`. 上传（tus 1.0）在 /uploads。Uploads (tus 1.0) are under /uploads.
"""
BY_STATIONS = ("/api/v1/uploads/{upload_id}/receipt", "/api/v1/station-keys", "/api/v1/station-reports")
# Hash tiles need none, bundles do.
TILE = "/ledger/tile/{path}"
PUBLIC = (
    "/healthz",
    "/readyz",
    "/metrics",
    "/ledger/checkpoint",
    "/ledger/checkpoint/{size}",
    "/ledger/consistency/{size}",
    "/api/v1/keys",
    "/api/v1/keys/receipt",
    "/api/v1/keys/receipt/successions",
)
SIGNING_IN = (
    ("/api/v1/session", "post"),
    ("/api/v1/first-administrator", "post"),
    ("/api/v1/station-enrolments", "post"),
)
_REASONS = {
    "401": "未登录或令牌无效 / not signed in, or a token that is not valid",
    "403": "不允许 / not allowed",
    "404": "没有 / there is none",
    "409": "现时不能 / not now",
    "422": "内容无效 / not usable",
    "503": "暂不可用 / not available at the moment",
}


def describe(app: FastAPI) -> None:
    """Make the app answer with its own description."""
    description = Description()
    app.openapi = lambda: build(app)  # type: ignore[method-assign]

    async def send(request: Request) -> Response:
        return Response(await run_in_threadpool(description.sent), media_type="application/json")

    app.add_route("/openapi.json", send, include_in_schema=False)


class Description:
    """The bytes that are sent, kept from when they are first asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sent: bytes | None = None

    def sent(self) -> bytes:
        """Takes seconds for the first time, for which others that ask wait."""
        with self._lock:
            if self._sent is None:
                self._sent = _made_by_another()
            return self._sent


def _made_by_another() -> bytes:
    """By a process of its own: for the description every route is worked out and every shape taken apart, which takes
    twenty megabytes, and most of them would stay in the one that answers for as long as it lives."""
    # It reads no setting, and gets none: some are secrets.
    environment = {name: text for name, text in os.environ.items() if not name.startswith(PREFIX)}
    command = (sys.executable, "-P", "-m", "api.http.openapi")
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment, check=True).stdout


def build(app: FastAPI) -> dict[str, Any]:
    """Anew."""
    document = get_openapi(title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes)
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    components["securitySchemes"] = {
        "session": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE, "description": f"+ {CSRF_HEADER}"},
        "bearer": {"type": "http", "scheme": "bearer", "description": "lha1.…"},
        "station": {"type": "http", "scheme": "bearer", "description": "lhs1.…"},
        "station_signature": {
            "type": "apiKey",
            "in": "header",
            "name": "Signature",
            "description": "RFC 9421, with Signature-Input and, for a body, Content-Digest: docs/stations.md",
        },
    }
    for path, item in document["paths"].items():
        for method, operation in item.items():
            _add_problems(operation)
            if path in BY_STATIONS:
                operation["security"] = [{"station": []}, {"station_signature": []}]
            elif path == TILE:
                operation["security"] = [{}, {"session": []}, {"bearer": []}]
            elif path not in PUBLIC and (path, method) not in SIGNING_IN:
                operation["security"] = [{"session": []}, {"bearer": []}]
    return document


def _add_problems(operation: dict[str, Any]) -> None:
    problem = {"content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for status, reason in _REASONS.items():
        stated = operation["responses"].get(status)
        if stated is None or status == "422":
            operation["responses"][status] = {"description": reason, **problem}


def main() -> None:
    """Writes the description of our own application to standard output."""
    # It imports this module.
    from api.http.app import make_framework

    sys.stdout.write(json.dumps(make_framework().openapi(), ensure_ascii=False, separators=(",", ":")))


if __name__ == "__main__":
    main()
