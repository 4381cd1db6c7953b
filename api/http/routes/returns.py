"""定期报送: returns to superiors, owed, drawn up, checked and sent."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated, Final

from fastapi import Depends, Path, Query
from fastapi.responses import Response
from sqlalchemy.orm import Session

from api.http.api_router import api_router
from api.http.deeds import doing, looking
from api.http.papers import PAPER_ANSWER, PAPER_BODY, paper_response
from api.http.reading.returns import people_of, return_figures, return_items, version_of
from api.http.return_table import return_csv, return_xlsx
from api.http.schema.base import Listed, Reason
from api.http.schema.returns import NewReturn, NewSending, ReturnFigures, ReturnItem
from api.http.sessions import SignedIn, TheArchive
from api.http.station_requests import read_body
from casework.organisation import names_of
from casework.returns.checking import check, set_aside
from casework.returns.drawing_up import draw_up
from casework.returns.listing import ReturnVersion, list_returns, show_return
from casework.returns.sending import file_receipt, read_receipt, send
from integrity.local_time import chinese_day
from storage.catalog.organisation import Person
from storage.catalog.returns import ReturnSending

router = api_router(tags=["returns"])
_Make = Callable[[ReturnVersion, dict[uuid.UUID, str]], bytes]
FORMATS: Final[dict[str, tuple[_Make, str]]] = {
    "csv": (return_csv, "text/csv; charset=utf-8"),
    "xlsx": (return_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


def _today() -> date:
    return chinese_day(datetime.now(UTC))


def _item(session: Session, person: Person, return_id: uuid.UUID) -> ReturnItem:
    return return_items(session, [show_return(session, person, return_id, _today())])[0]


@router.get("/returns", summary="定期报送列表 / What is owed to superiors")
def show_returns(
    viewer: SignedIn, archive: TheArchive, year: Annotated[int, Query(description="年度 / year", examples=[2026])]
) -> Listed[ReturnItem]:
    """Of periods that end in that year and have begun, of one's own unit and those below it, by their due day."""
    with looking(archive, viewer) as session:
        return Listed(items=return_items(session, list_returns(session, viewer.person, year, _today())))


@router.post("/returns", summary="编制报表 / Draw up a return", status_code=201)
def make_return(form: NewReturn, viewer: SignedIn, archive: TheArchive) -> ReturnItem:
    """Of one's own unit, or one that was merged into it, out of the latest checkpoint, once the period is over."""
    with doing(archive, viewer) as session:
        row = draw_up(
            session, viewer.person, form.code, form.period, datetime.now(UTC), form.reason, unit_id=form.unit_id
        )
        return _item(session, viewer.person, row.id)


@router.get("/returns/{return_id}", summary="一份报表 / A version of a return with its figures")
def show_figures(return_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> ReturnFigures:
    with looking(archive, viewer) as session:
        return return_figures(session, show_return(session, viewer.person, return_id, _today()), return_id)


@router.get("/returns/{return_id}/table.{kind}", summary="报表文件 / A return as a file", response_class=Response)
def send_table(
    return_id: uuid.UUID,
    viewer: SignedIn,
    archive: TheArchive,
    kind: Annotated[str, Path(pattern="^(csv|xlsx)$")],
) -> Response:
    """Figures in yuan, with who drew it up and checked it, and the checkpoint."""
    make, media_type = FORMATS[kind]
    with looking(archive, viewer) as session:
        shown = show_return(session, viewer.person, return_id, _today())
        version = version_of(shown, return_id)
        content = make(version, names_of(session, set(people_of(shown))))
    name = f"return-{shown.owed.kind.code}-{shown.owed.period.code}-{version.row.ordinal}.{kind}"
    headers = {"Content-Disposition": f"attachment; filename={name}", "Cache-Control": "no-store"}
    return Response(content, media_type=media_type, headers=headers)


@router.post("/returns/{return_id}/check", summary="审核报表 / Check a return")
def check_return(return_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> ReturnItem:
    """By somebody of the unit who did not draw it up."""
    with doing(archive, viewer) as session:
        check(session, viewer.person, return_id, datetime.now(UTC))
        return _item(session, viewer.person, return_id)


@router.post("/returns/{return_id}/set-aside", summary="退回报表 / Set a return aside")
def set_return_aside(return_id: uuid.UUID, form: Reason, viewer: SignedIn, archive: TheArchive) -> ReturnItem:
    """It does not go; another version may be drawn up. Not once it was sent to anybody."""
    with doing(archive, viewer) as session:
        set_aside(session, viewer.person, return_id, form.reason, datetime.now(UTC))
        return _item(session, viewer.person, return_id)


@router.post("/returns/{return_id}/sendings", summary="登记报送 / Say that a return was sent", status_code=201)
def make_sending(return_id: uuid.UUID, form: NewSending, viewer: SignedIn, archive: TheArchive) -> ReturnItem:
    """To one of its recipients, once it is checked."""
    with doing(archive, viewer) as session:
        send(session, viewer.person, return_id, **form.model_dump(), now=datetime.now(UTC))
        return _item(session, viewer.person, return_id)


@router.post(
    "/return-sendings/{sending_id}/receipts",
    summary="提交报送回执（PDF、JPEG、PNG） / Hand in what shows that it arrived",
    status_code=201,
    openapi_extra=PAPER_BODY,
)
def make_receipt(
    sending_id: uuid.UUID,
    viewer: SignedIn,
    archive: TheArchive,
    content: Annotated[bytes, Depends(read_body)],
    name: Annotated[str, Query(max_length=200, description="文件名 / the file's name")],
) -> ReturnItem:
    """The body is the file itself, of at most 4 MiB."""
    with doing(archive, viewer) as session:
        row = file_receipt(session, viewer.person, sending_id, name, content, datetime.now(UTC))
        return _item(session, viewer.person, session.get_one(ReturnSending, row.sending_id).return_id)


@router.get(
    "/return-receipts/{receipt_id}",
    summary="查看报送回执 / Read what shows that it arrived",
    response_class=Response,
    responses=PAPER_ANSWER,
)
def send_receipt(receipt_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> Response:
    with looking(archive, viewer) as session:
        row = read_receipt(session, viewer.person, receipt_id)
        content, media_type, name = row.content, row.media_type, row.name
    return paper_response(content, media_type, name)
