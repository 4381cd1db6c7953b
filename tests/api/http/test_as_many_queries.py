"""A list of many takes as many questions to the database as a list of few: every look of the API, and every page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import event

from api.pages.routes import PAGES
from integrity.local_time import chinese_day
from tests.api.http.boundary_review import finding
from tests.api.http.boundary_scene import API, Bounds, done
from tests.api.http.served import Caller, Served
from tests.api.http.test_boundaries import ATTEMPTS, ROWS
from tests.api.http.test_decisions import SAID as BIG

pytestmark = pytest.mark.timeout(900)
FEW, MORE = 2, 3
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
OF_NO_LIST = frozenset(
    (
        "GET /api/v1/act-kinds",
        "GET /api/v1/attachments/{attachment_id}",
        "GET /api/v1/cases/{case_id}/catalogue.{form}",
        "GET /api/v1/devices/{device_id}",
        "GET /api/v1/disposal",
        "GET /api/v1/dossiers/{dossier_id}",
        "GET /api/v1/document-templates",
        "GET /api/v1/documents/{document_id}",
        "GET /api/v1/element-policies",
        "GET /api/v1/file-reviews/{review_id}",
        "GET /api/v1/file-reviews/{review_id}/eligible",
        "GET /api/v1/oversight/sample",
        "GET /api/v1/people/{person_id}/qualifications",
        "GET /api/v1/posting-evidence/{evidence_id}",
        "GET /api/v1/publications/overdue.csv",
        "GET /api/v1/publications/{publication_id}",
        "GET /api/v1/recordings/{recording_id}",
        "GET /api/v1/recordings/{recording_id}/elements",
        "GET /api/v1/recordings/{recording_id}/positions",
        "GET /api/v1/recordings/{recording_id}/recovery-references",
        "GET /api/v1/reports/credit.{kind}",
        "GET /api/v1/requests/{request_id}",
        "GET /api/v1/retention-classes",
        "GET /api/v1/return-receipts/{receipt_id}",
        "GET /api/v1/returns/{return_id}",
        "GET /api/v1/returns/{return_id}/table.{kind}",
        "GET /api/v1/session",
        "GET /api/v1/submissions/{submission_id}",
        "page /documents/{id}",
        "page /dossiers/{id}",
        "page /file-reviews/{id}",
        "page /oversight/sample",
        "page /publications/{id}",
        "page /returns/{id}",
        "page /reviews/{id}",
        # Lists that are asked for below otherwise, for more of them or for others.
        "GET /api/v1/cases",
        "GET /api/v1/cases/{case_id}/timeline",
        "GET /api/v1/people/{person_id}/tokens",
        "GET /api/v1/search",
        "GET /api/v1/search/{kind}",
        "GET /api/v1/units",
        "page /gaps",
        "page /search",
    )
)
"""What is answered alike, however much there is: of one thing, or of rules, or the first of many."""


@dataclass
class Asked:
    caller: Caller
    path: str
    sent: Mapping[str, Any] = field(default_factory=dict)


def add_one_of_each(w: Bounds) -> None:
    """Of whatever a list shows, one more: in the unit, and in its one case and of its one recording."""
    film = w.film(f"{w.recorder.code}_000123_20260101{w.number()}0.MP4")
    w.served.link(film, w.case, w.o.person)
    w.film(f"nowhere{w.number()}.mp4")
    for make in (w.issue, w.certificate, w.named_chief, w.named_to_duty, w.token, w.session, w.explanation, w.event):
        make()
    for make in (w.paper, w.exported, w.redaction, w.copied, w.held_case, w.adviser, w.submitted, w.small, w.dispute):
        make()
    for make in (w.transfer, w.decided, w.posting, w.return_receipt, w.archived, w.final, w.fresh, w.handler):
        make()
    w.dossier()
    w.served.station(w.here)
    w.served.unit(f"江城大队{w.number()}中队", w.here)
    w.let_the_linker_ask()
    w.pending(w.served.signed_in(w.here, "officer"))
    w.begin("inquiry_record")
    w.session(case_id=str(w.case.id))
    w.granted("view", w.fresh())
    finding(w)
    add_to_the_case(w)
    add_who_looks(w)
    decide_one(w)


def add_to_the_case(w: Bounds) -> None:
    done(w.o.post(f"{w.at}/services", json=w.serving()))
    done(w.o.post(f"{w.at}/decisions", json={**BIG, "field": "city_appearance", "amount_fen": 5_000}))
    day = chinese_day(w.now) - timedelta(days=int(w.number()))
    done(w.o.post(f"{w.at}/events", json={"kind": "hearing_held", "day": day.isoformat()}))
    w.act(place=f"步行街{w.number()}号")


def add_who_looks(w: Bounds) -> None:
    """One more who saw the recording, and one more who was refused; a program of the officer's; a lawyer's paper."""
    viewer = w.served.signed_in(w.here, "officer")
    w.served.grant(w.case, viewer.person, w.s.person, "view")
    assert viewer.get(f"{API}/recordings/{w.recording.id}/renditions/proxy").is_success
    assert w.l.get(f"{API}/recordings/{w.recording.id}/original").status_code == 403
    done(w.a.post(f"{API}/people/{w.o.person.id}/tokens", json={"label": "程序"}))


def decide_one(w: Bounds) -> None:
    decision = w.small()
    version = {"version_id": decision["versions"][-1]["id"]}
    done(w.s.post(f"{API}/decisions/{decision['id']}/issue", json=version))
    done(w.s.post(f"{API}/cases/{decision['case_id']}/stages", json={"stage": "execution"}))


def what_of(name: str) -> str:
    """Of a page: whoever it is shown to."""
    return name[:-2] if re.fullmatch(r"page .* [a-z]", name) else name


class Looks:
    """Every look and every page that can be asked for again, and how many statements its answer takes."""

    def __init__(self, w: Bounds) -> None:
        self.engine, self.turns = w.served.answering.database.engine, count()
        self.asked: dict[str, Asked] = {}
        for row in LOOKS:
            attempt = ATTEMPTS[row.action](w)
            who = w.callers["here"][next(each for each in row.may["here"] if each != "-")]
            self.asked[row.action] = Asked(who, attempt.path, {} if row.action in WHOLE else dict(attempt.sent))
        for path, address in self._pages(w).items():
            open_to = {f"page {path} {letter}": Asked(who, address) for letter, who in w.callers["here"].items()}
            open_to = {name: each for name, each in open_to.items() if each.caller.get(each.path).status_code != 403}
            assert open_to, path
            self.asked |= open_to
        self.asked |= {
            f"of {path} {sent}": Asked(w.callers["here"][who], path, sent) for who, path, sent in self._more(w)
        }
        of_unit = {"params": {"unit": str(w.here.id)}}
        self.asked |= {f"page {path}": Asked(w.served.caller(), path, of_unit) for path in PORTAL}

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
        yield "s", f"{w.at}/timeline", {"params": {"limit": 200}}
        yield "s", "/gaps", {"params": {"all": "1"}}
        yield "u", "/returns", {"params": {"year": str(chinese_day(w.now).year - 1)}}

    def answers(self) -> dict[str, tuple[int, int]]:
        """By look, how many statements its answer takes, and how long it is."""
        return {name: self._answer(each) for name, each in self.asked.items()}

    def _answer(self, asked: Asked) -> tuple[int, int]:
        self._get(asked)  # finds what a process keeps
        with self._counted() as statements:
            text = self._get(asked)
        return len(statements), len(text)

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


def test_a_list_of_many_takes_as_many_queries_as_one_of_few(served: Served) -> None:
    w = Bounds(served)
    for _ in range(FEW):
        add_one_of_each(w)
    looks = Looks(w)
    few = looks.answers()
    for _ in range(MORE):
        add_one_of_each(w)
    many = looks.answers()
    longer = {what_of(name) for name in few if many[name][1] - few[name][1] > 100}
    asks_more = [f"{name}: {few[name][0]}, then {many[name][0]}" for name in few if many[name][0] > few[name][0]]
    assert not asks_more, "\n".join(asks_more)
    alike = {what_of(name) for name in few} - longer
    assert alike == OF_NO_LIST, "\n".join(sorted(alike ^ OF_NO_LIST))
