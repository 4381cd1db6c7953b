"""Every look of the API and every page, and how many statements its answer takes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from sqlalchemy import event

from api.pages.routes import PAGES
from integrity.local_time import chinese_day
from tests.api.http.boundary_scene import Bounds
from tests.api.http.bounds.units import API, done
from tests.api.http.served import Caller
from tests.api.http.test_boundaries import ATTEMPTS, ROWS

BYTES_OF_ONE = ("/original", "/renditions/{name}", "/package", "/file", "/manifest", "/token", "/pdf", "/preview")
LOOKS = [
    row
    for row in ROWS
    if row.action.startswith("GET /api/") and row.kind in ("own", "unit") and not row.action.endswith(BYTES_OF_ONE)
]
WHOLE = ("GET /api/v1/cases", "GET /api/v1/devices", "GET /api/v1/certificates")
"""Lists that boundaries narrow to one."""
SOUGHT = {"cases": "占道", "documents": "陈强", "people": "人员", "places": "步行街", "recordings": "nowhere"}
PORTAL = ("/portal", "/portal/feed.atom", "/portal/feed.json", "/portal/items.json", "/portal/open", "/portal/board")


@dataclass(frozen=True)
class Asked:
    caller: Caller
    path: str
    sent: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answered:
    """How many statements an answer took, and how long it is."""

    statements: int
    letters: int


def what_of(name: str) -> str:
    """Of a page: whoever it is shown to."""
    return name[:-2] if re.fullmatch(r"page .* [a-z]", name) else name


class Looks:
    """Whatever can be asked for again, by name: a row of boundaries.txt; `page …` with whom it is shown to; `of …`."""

    def __init__(self, w: Bounds) -> None:
        self.engine, self.turns = w.served.answering.database.engine, count()
        self.asked = {**self._of_the_api(w), **self._of_pages(w), **self._with_more_lines(w), **self._of_the_portal(w)}

    def _of_the_api(self, w: Bounds) -> dict[str, Asked]:
        """As boundaries try it, by the first who may."""
        found = {}
        for row in LOOKS:
            attempt = ATTEMPTS[row.action](w)
            who = w.callers["here"][next(each for each in row.may["here"] if each != "-")]
            found[row.action] = Asked(who, attempt.path, {} if row.action in WHOLE else dict(attempt.sent))
        return found

    def _of_pages(self, w: Bounds) -> dict[str, Asked]:
        """Each by everybody whom it is shown to."""
        found: dict[str, Asked] = {}
        for path, address in self._pages(w).items():
            asked = {f"page {path} {letter}": Asked(who, address) for letter, who in w.callers["here"].items()}
            shown = {name: each for name, each in asked.items() if each.caller.get(each.path).status_code != 403}
            assert shown, path
            found |= shown
        return found

    def _with_more_lines(self, w: Bounds) -> dict[str, Asked]:
        return {f"of {path} {sent}": Asked(w.callers["here"][who], path, sent) for who, path, sent in self._more(w)}

    def _of_the_portal(self, w: Bounds) -> dict[str, Asked]:
        """By anybody."""
        of_unit = {"params": {"unit": str(w.here.id)}}
        return {f"page {path}": Asked(w.served.caller(), path, of_unit) for path in PORTAL}

    def _pages(self, w: Bounds) -> dict[str, str]:
        things = {
            "/recordings/{id}": w.recording.id,
            "/cases/{id}": w.case.id,
            "/cases/{id}/dossiers": w.case.id,
            "/dossiers/{id}": w.dossier(),
            "/documents/{id}": w.draft["id"],
            "/publications/{id}": w.collected()["id"],
            "/reviews/{id}": w.submitted()["submission_id"],
            "/committee/{id}": w.dispute(),
            "/file-reviews/{id}": done(w.u.get(f"{API}/file-reviews"))["items"][0]["id"],
            "/returns/{id}": w.drawn_up(),
            "/devices/{id}": w.recorder.id,
        }
        return {path: path.replace("{id}", str(things[path])) if "{" in path else path for path in PAGES}

    def _more(self, w: Bounds) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """What shows more than its first lines when it is asked for."""
        for kind, word in SOUGHT.items():
            yield "a" if kind == "people" else "s", f"{API}/search/{kind}", {"params": {"q": word, "limit": 200}}
        yield from (("s", path, {"params": {"q": SOUGHT["places"]}}) for path in (f"{API}/search", "/search"))
        yield "s", f"{API}/cases", {"params": {"limit": 200}}
        yield "a", f"{API}/units", {"params": {"limit": 200}}
        yield "a", f"{API}/people/{w.o.person.id}/tokens", {}
        yield "u", f"{API}/oversight/viewings", {"params": {"limit": 200}}
        yield "u", f"{API}/oversight/refusals", {"params": {"limit": 200}}
        yield "u", f"{API}/oversight/readings", {"params": {"limit": 200}}
        yield "s", f"{w.at}/timeline", {"params": {"limit": 200}}
        yield "s", "/gaps", {"params": {"all": "1"}}
        yield "u", "/returns", {"params": {"year": str(chinese_day(w.now).year - 1)}}

    def answers(self) -> dict[str, Answered]:
        return {name: self._answer(each) for name, each in self.asked.items()}

    def _answer(self, asked: Asked) -> Answered:
        self._get(asked)  # finds what a process keeps
        with self._counted() as statements:
            text = self._get(asked)
        return Answered(len(statements), len(text))

    def _get(self, asked: Asked) -> str:
        # The portal keeps an answer for a moment, by its address.
        params = {**asked.sent.get("params", {}), **({"turn": next(self.turns)} if asked.path in PORTAL else {})}
        answer = asked.caller.get(asked.path, **{**asked.sent, **({"params": params} if params else {})})
        assert answer.is_success, f"{asked.path}: {answer.status_code} {answer.text[:300]}"
        return answer.text

    @contextmanager
    def _counted(self) -> Iterator[list[str]]:
        statements: list[str] = []

        def note(*call: Any) -> None:
            statements.append(call[2])

        event.listen(self.engine, "before_cursor_execute", note)
        try:
            yield statements
        finally:
            event.remove(self.engine, "before_cursor_execute", note)
