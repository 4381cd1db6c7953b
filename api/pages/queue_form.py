"""The form of the queue: plain HTML that needs no script. It does what POST /api/v1/element-answers does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode
from uuid import UUID

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from api.credentials import Viewer
from api.http.deeds import doing
from api.http.errors import FormUnusable
from api.http.problems import problem_of
from api.http.sessions import archive_of, find_viewer, language_of
from api.i18n import translator
from api.pages.views_queue import Filled, FilledQuestion, build_queue
from api.pages.visit import Visit, refusal_page, render, to_sign_in
from api.shown import local_path, parse_local
from casework.elements.answers import MOST_AT_ONCE, Choice, answer_questions
from casework.elements.candidates import CLOCK_OFFSET, OWN_WORD
from casework.elements.clock_offsets import MOST_AHEAD, ClockOffset
from storage.catalog.elements import ELEMENTS

NONE = "none"
NEWEST = "clock_newest"
CLOCK_FIELDS = ("clock", "days", "hours", "minutes", "newest")
OF_QUESTION = ("asked", "key", "shown", "choice", "own", "reason", *CLOCK_FIELDS)
"""Fields that each question of a sheet has, with its number behind a point: a sheet is one form, for its questions
share the ticks, and the button that is pressed (`answer`, or `all`) names the question."""
MOST_QUESTIONS = 100
MOST_FIELDS = len(ELEMENTS) * MOST_AT_ONCE + MOST_QUESTIONS * len(OF_QUESTION)


def answer_queue(request: Request, content: bytes) -> Response:
    """303 back to the queue, which says how many were answered; what is refused is said on the page itself."""
    try:
        sent = parse_qs(content.decode("utf-8", "replace"), max_num_fields=MOST_FIELDS)
        viewer = find_viewer(request, _first(sent, "csrf_token"))
        if viewer is None:
            return to_sign_in(request)
    except Exception as error:
        return refusal_page(request, error)
    try:
        with doing(archive_of(request), viewer) as session:
            fields = _of_question(sent)
            asked, (seen, others) = _first(fields, "asked"), _questions(fields)
            choice = _choice(fields, asked)
            given = answer_questions(session, viewer.person, asked, seen, choice, datetime.now(UTC), others=others)
    except Exception as error:
        return _say_refused(request, viewer, error, sent)
    back = local_path(_first(sent, "back")) or "/queue"
    more = urlencode({"answered": len(given.done), "left": len(given.left_out)})
    return RedirectResponse(f"{back}{'&' if '?' in back else '?'}{more}", 303, headers={"Cache-Control": "no-store"})


def _choice(fields: Mapping[str, Sequence[str]], asked: str) -> Choice:
    """`choice` is `element|basis|value`, `own_word` with a field of its own, `clock_offset` or `clock_newest` with
    theirs, or `none`. Raises FormUnusable."""
    chosen, reason = _first(fields, "choice"), _first(fields, "reason") or None
    if chosen == NONE:
        return Choice(asked, reason=reason)
    if chosen == OWN_WORD:
        return Choice(asked, _own_value(fields, asked), reason=reason)
    if chosen in (CLOCK_OFFSET, NEWEST):
        return Choice(asked, reason=reason, offset=_newest(fields) if chosen == NEWEST else _clock_offset(fields))
    element, _, rest = chosen.partition("|")
    basis, _, value = rest.partition("|")
    if not basis:
        raise FormUnusable("请先选择一项答案，再确认", "choose an answer first, then confirm")
    return Choice(element, value or None, basis, reason)


def _own_value(fields: Mapping[str, Sequence[str]], asked: str) -> str:
    value = _first(fields, "own")
    if not value:
        raise FormUnusable("选了“其他”：请填写或选择其内容", "you chose another: fill it in, or choose it")
    moment = parse_local(value) if asked == "time" else None
    return value if moment is None else moment.isoformat()


def _clock_offset(fields: Mapping[str, Sequence[str]]) -> ClockOffset:
    """Which way, and how far: whole days, hours and minutes. Raises FormUnusable."""
    parts = [_first(fields, name) or "0" for name in ("days", "hours", "minutes")]
    if not all(part.isascii() and part.isdigit() and len(part) < 7 for part in parts):
        raise FormUnusable("时钟偏差请用整数填写", "state how far the clock was off in whole numbers")
    days, hours, minutes = map(int, parts)
    off = timedelta(days=days, hours=hours, minutes=minutes)
    if not timedelta() < off <= MOST_AHEAD or _first(fields, "clock") not in ("ahead", "behind"):
        raise FormUnusable(
            "选了“设备时钟有偏差”：请选择快了还是慢了，并填写天数、小时数或分钟数",
            "you chose that the clock was off: say whether ahead or behind, and by how many days, hours or minutes",
        )
    return ClockOffset(ahead=off if _first(fields, "clock") == "ahead" else -off)


def _newest(fields: Mapping[str, Sequence[str]]) -> ClockOffset:
    began = parse_local(_first(fields, "newest"))
    if began is None:
        raise FormUnusable(
            "选了“按最新一条推算”：请填写自称时间最晚的一条实际开始的时间",
            "you chose to go by the newest: state when that recording really began whose own time is the latest",
        )
    return ClockOffset(newest_at=began)


def _of_question(sent: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """The fields of the question that is answered, by their names without its number, and what is ticked.

    `all`: what the sheet lists for it, whatever is ticked.
    """
    number = _first(sent, "answer") or _first(sent, "all")
    fields = {name: sent[f"{name}.{number}"] for name in OF_QUESTION if f"{name}.{number}" in sent}
    if not _first(sent, "all"):
        fields["of"] = sent.get("of", ())
    return fields


def _questions(fields: Mapping[str, Sequence[str]]) -> tuple[dict[UUID, str], dict[UUID, str]]:
    """By recording the fingerprint that was seen, of officer or device the other's too: of those that are `shown`, with
    `of` only the ticked ones. Raises FormUnusable.
    """
    found, others = {}, {}
    ticked = frozenset(fields["of"]) if "of" in fields else None
    for text in filter(None, _first(fields, "shown").split(";")):
        name, seen, other = (*text.split(" "), "", "")[:3]
        if ticked is not None and name not in ticked:
            continue
        try:
            found[UUID(name)], others[UUID(name)] = seen, other
        except ValueError as error:
            raise FormUnusable(
                "表单中有的内容不是记录编号，请刷新页面后重试", "the form names what is no recording: reload the page"
            ) from error
    if not found:
        raise FormUnusable(
            "请至少选择一条有这一问题的记录：在名单中勾选，或按“确认全部”；再选择一项答案",
            "choose at least one recording of which this is asked: tick it in the list, or press “Confirm all”; then "
            "choose an answer",
        )
    return found, others


def _first(fields: Mapping[str, Sequence[str]], name: str) -> str:
    return next(iter(fields.get(name, ())), "").strip().replace("\0", "")


def _say_refused(request: Request, viewer: Viewer, error: Exception, fields: Mapping[str, Sequence[str]]) -> Response:
    """On the page itself, with what was chosen and typed still there."""
    document: dict[str, Any] = problem_of(error, language_of(request))
    if document["status"] >= 500 or viewer.person.role not in ("officer", "supervisor"):
        return refusal_page(request, error)
    with archive_of(request).database.reading() as session:
        visit = Visit(request, archive_of(request), viewer, session, translator(language_of(request)))
        values = {"visit": visit, **build_queue(visit, _filled(fields)), "problem": document["detail"]}
        return render(request, "queue.html", viewer, values, document["status"])


def _filled(sent: Mapping[str, Sequence[str]]) -> Filled:
    """All that the sheet's form held, of each of its questions."""
    questions = {}
    for number in range(1, MOST_QUESTIONS + 1):
        if key := _first(sent, f"key.{number}"):
            said = {name: _first(sent, f"{name}.{number}") for name in ("choice", "own", "reason", *CLOCK_FIELDS)}
            clock = {name: said[name] for name in CLOCK_FIELDS}
            questions[key] = FilledQuestion(said["choice"], said["own"], said["reason"], clock)
    refused = _of_question(sent)
    shown = (text.partition(" ")[0] for text in _first(refused, "shown").split(";"))
    ticked = frozenset(refused.get("of", shown))
    return Filled(_first(sent, "sheet"), _first(refused, "key"), questions, ticked)
