"""The tus server as an ASGI application of its own."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from ingest.errors import RequestRefused
from ingest.uploads.answers import TUS_VERSION, Answer, describe_server, refusal, send_answer, unexpected
from ingest.uploads.asgi import AsgiApplication, Receive, Scope, Send
from ingest.uploads.contract import UploadLimits, UploadRegister
from ingest.uploads.errors import MethodNotOffered, VersionUnsupported
from ingest.uploads.request import UPLOADS_PATH, Request, is_at_or_below
from ingest.uploads.single_writer import ClientGone
from ingest.uploads.staging import Staging
from ingest.uploads.verbs import Verbs

_OF_COLLECTION = ("OPTIONS", "POST")
_OF_UPLOAD = ("OPTIONS", "HEAD", "PATCH", "DELETE")
_VERBS = frozenset(_OF_COLLECTION + _OF_UPLOAD)

log = structlog.get_logger()


def tus_application(
    register: UploadRegister, staging: Staging, limits: UploadLimits, on_finished: Callable[[str], None]
) -> AsgiApplication:
    """The application, to be mounted with `mount_uploads`.

    `on_finished` is called with an upload's id after its finish was committed, in a thread, once; it is a wake-up and
    may fail: sweeps.recover_finished and the rows themselves make up for a lost one.
    """
    verbs = Verbs(register, staging, limits, on_finished)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            answer = await _answer(request, verbs, limits)
        except ClientGone:
            return
        except RequestRefused as error:
            answer = refusal(error, request, limits)
        except Exception as error:
            log.exception("upload.request_failed", method=request.method, error=type(error).__name__, **_trace(request))
            answer = unexpected(request)
        await send_answer(answer, request, send)

    return application


def mount_uploads(uploads: AsgiApplication, others: AsgiApplication, prefix: str = UPLOADS_PATH) -> AsgiApplication:
    """One application out of two: `prefix` and what lies below it go to `uploads`, all else to `others`.

    Not a framework's mount: those redirect the bare prefix, and their middleware wraps `receive`, which costs bytes
    on a cut and time on every piece.
    """

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            root_path = scope.get("root_path", "")
            path = scope["path"].removeprefix(root_path)
            if is_at_or_below(path, prefix):
                await uploads({**scope, "root_path": root_path + prefix}, receive, send)
                return
        await others(scope, receive, send)

    return application


def _trace(request: Request) -> dict[str, str]:
    """Of which upload a request is: of none where it creates one, or has an address of none."""
    try:
        upload_id = request.upload_id
    except RequestRefused:
        upload_id = None
    return {} if upload_id is None else {"trace": upload_id}


async def _answer(request: Request, verbs: Verbs, limits: UploadLimits) -> Answer:
    if request.method == "OPTIONS":
        return describe_server(limits)
    request.check_framing()
    if request.method not in _VERBS:
        # A browser's GET is none of tus's: told to update its client, whoever opened the address would look for one.
        raise MethodNotOffered(request.method, _OF_COLLECTION if request.upload_id is None else _OF_UPLOAD)
    if request.header("tus-resumable") != TUS_VERSION:
        raise VersionUnsupported
    upload_id = request.upload_id
    if upload_id is None:
        if request.method != "POST":
            raise MethodNotOffered(request.method, _OF_COLLECTION)
        return await verbs.create(request)
    if request.method == "HEAD":
        return await verbs.tell_offset(request, upload_id)
    if request.method == "PATCH":
        return await verbs.append_bytes(request, upload_id)
    if request.method == "DELETE":
        return await verbs.terminate(request, upload_id)
    raise MethodNotOffered(request.method, _OF_UPLOAD)
