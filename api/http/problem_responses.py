"""Problem documents on their way: as responses, with the headers that go with them, to whoever asked."""

from __future__ import annotations

from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from api.errors import ApiError
from api.http.errors import RangeUnsatisfiable, SignInThrottled
from api.http.problems import problem_document, problem_of
from api.http.sessions import language_of
from casework.errors import CaseworkError
from ingest.errors import IngestError
from integrity.errors import EvidenceError
from retention.errors import RetentionError
from storage.errors import StorageError

log = structlog.get_logger()
PROBLEM_TYPE = "application/problem+json"

_PLAIN = {
    404: ("没有这个地址，请核对", "nothing is at this address: check it"),
    405: (
        "此地址不支持该方法；在网页上操作时，请启用浏览器的 JavaScript 后重试",
        "this address does not offer the method; on a page, turn the browser's JavaScript on and try again",
    ),
    400: ("请求内容无法解析", "the request's body cannot be read"),
}


def document_of(error: Exception, language: str) -> dict[str, Any]:
    """As `problem_of`, and of an address that is none as well."""
    if isinstance(error, HTTPException):
        chinese, english = _PLAIN.get(error.status_code, ("请求无法处理", "the request cannot be carried out"))
        return problem_document(f"http-{error.status_code}", error.status_code, chinese, english, language)
    return problem_of(error, language)


def problem_response(request: Request, error: Exception) -> Response:
    """The response to an error, in the language of the request."""
    document = document_of(error, language_of(request))
    headers = {"Cache-Control": "no-store"}
    if document["status"] == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="liuhen"'
    if isinstance(error, RangeUnsatisfiable):
        headers["Content-Range"] = f"bytes */{error.size_bytes}"
    if isinstance(error, SignInThrottled):
        headers["Retry-After"] = str(error.retry_after_seconds)
    if document["status"] in (503, 507):
        headers["Retry-After"] = "5"
    if document["status"] == 500:
        log.error("http.unexpected", path=request.url.path, error=type(error).__name__, exc_info=error)
    return JSONResponse(document, document["status"], headers, media_type=PROBLEM_TYPE)


def install_problem_handlers(app: FastAPI) -> None:
    """Every error of every package leaves as a problem document; none leaves as a traceback.

    What is no error of a package, a wrong address, is answered in api/http/app.py: with a page to whoever typed it.
    """

    async def refuse(request: Request, error: Exception) -> Response:
        return problem_response(request, error)

    async def refuse_input(request: Request, error: Exception) -> Response:
        return _validation_response(request, error)

    families = (ApiError, CaseworkError, RetentionError, StorageError, IngestError)
    for family in (*families, EvidenceError, DBAPIError, PoolTimeout, Exception):
        app.add_exception_handler(family, refuse)
    app.add_exception_handler(RequestValidationError, refuse_input)


def _validation_response(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    fields = sorted({".".join(str(part) for part in item["loc"][1:]) or "body" for item in error.errors()})
    chinese = f"以下内容缺失或无效：{'、'.join(fields)}，请更正后重新提交"
    english = f"missing or not usable: {', '.join(fields)}; correct and send again"
    document = {**problem_document("input", 422, chinese, english, language_of(request)), "fields": fields}
    return JSONResponse(document, 422, {"Cache-Control": "no-store"}, media_type=PROBLEM_TYPE)


def plain_http_response(request: Request, error: Exception) -> Response:
    """The problem of an address that is none, or of a method it does not offer."""
    assert isinstance(error, HTTPException)
    document = document_of(error, language_of(request))
    return JSONResponse(document, error.status_code, dict(error.headers or {}), media_type=PROBLEM_TYPE)
