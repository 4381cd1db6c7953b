"""S58: role × unit × action. What boundaries.txt says, by hand, of who may do what is tried, cell by cell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from api.http.app import make_framework
from storage.catalog.ledger import LedgerEntryRow
from tests.api.http.boundary_attempt import Attempts, Try
from tests.api.http.boundary_cases import OF_CASES
from tests.api.http.boundary_organisation import OF_THE_ORGANISATION
from tests.api.http.boundary_review import OF_REVIEW_AND_ACCESS
from tests.api.http.boundary_scene import Bounds
from tests.api.http.bounds.units import PLACES, ROLES
from tests.sampling import some_of

ATTEMPTS: Attempts = {**OF_THE_ORGANISATION, **OF_CASES, **OF_REVIEW_AND_ACCESS}
TABLE = Path(__file__).with_name("boundaries.txt")
LETTERS = "".join(ROLES)
METHODS = ("get", "head", "post", "put", "patch", "delete")
NAMES_WHAT_WAS_TRIED = ("GET /api/v1/oversight/refusals", "GET /api/v1/ledger/entries")
"""What somebody of another unit tried in vain is told there to his own auditor, by its id."""


@dataclass(frozen=True)
class Row:
    """`may`: by place, the letters of whoever may. `first`: the first gets a success ("+") or a conflict ("~").
    `theirs`: of officers, those of the case alone, or who hold its grants."""

    action: str
    kind: str
    may: dict[str, str]
    first: str
    theirs: bool = False

    @property
    def method(self) -> str:
        return self.action.partition(" ")[0]

    def cells(self, *, allowed: bool) -> Iterator[tuple[str, str]]:
        for place in PLACES:
            yield from ((place, letter) for letter in LETTERS if (letter in self.may[place]) == allowed)


def read_row(line: str) -> Row:
    method, path, *cells = line.split()
    action = f"{method} {path}"
    if cells[0] in ("open", "station"):
        return Row(action, cells[0], dict.fromkeys(PLACES, ""), "")
    own = cells[0] == "own"
    columns = [cells[1]] * len(PLACES) if own else cells[: len(PLACES)]
    for column in columns:
        assert [each for each in column if each != "-"] == [each for each in LETTERS if each in column], line
        assert len(column) == len(LETTERS), line
    first = cells[2 if own else len(PLACES)]
    assert first in ("+", "~", "+!", "~!"), line
    may = dict(zip(PLACES, columns, strict=True))
    return Row(action, "own" if own else "unit", may, first[0], theirs=first.endswith("!"))


ROWS = [read_row(line) for line in TABLE.read_text().splitlines() if line.strip() and not line.startswith("#")]


def test_every_action_of_the_api_has_its_row_and_is_tried() -> None:
    document: Any = make_framework().openapi()
    actions = {
        f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item if method in METHODS
    }
    rows = [row.action for row in ROWS]
    assert len(rows) == len(set(rows))
    assert set(rows) == actions, sorted(actions ^ set(rows))
    assert set(ATTEMPTS) == actions, sorted(actions ^ set(ATTEMPTS))


class Matrix:
    """Tries rows, and keeps what was answered otherwise than the table says."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds, self.wrong = bounds, list[str]()
        self.nobody = bounds.served.caller()
        tokens = [bounds.served.station(bounds.units[place]).token for place in ("here", "beside")]
        self.stations = [bounds.served.caller(Authorization=f"Bearer {token}") for token in tokens]
        self.colleague = bounds.served.signed_in(bounds.here, "officer")

    def go_through(self, row: Row) -> None:
        attempt = ATTEMPTS[row.action](self.bounds)
        self._try_as_nobody(row, attempt)
        if row.kind == "open":
            return
        before = self._entries()
        away = [cell for cell in row.cells(allowed=True) if cell[0] in ("beside", "below")]
        self._try_refused(row, attempt)
        self._try_stations(row, attempt)
        self._try_colleague(row, attempt, allowed=False)
        answers = [self._try_allowed(row, attempt, *cell) for cell in away]
        if self._entries() != before:
            self.wrong.append(f"{row.action}: whoever was refused, or acts elsewhere, left entries in the unit")
        near = [cell for cell in row.cells(allowed=True) if cell not in away]
        answers += [self._try_allowed(row, attempt, *cell) for cell in near]
        self._judge_first(row, answers)
        self._try_colleague(row, attempt, allowed=True)

    def _try_as_nobody(self, row: Row, attempt: Try) -> None:
        answer = self._ask(self.nobody, row, attempt)
        # Who fails to sign in is told to sign in.
        signing_in = row.kind == "open" and row.action == "POST /api/v1/session"
        if not signing_in and (answer.status_code == 401) == (row.kind == "open"):
            self._note(row, "nobody", "", answer, "open" if row.kind == "open" else "sign in")

    def _try_stations(self, row: Row, attempt: Try) -> None:
        for station in self.stations:
            answer = self._ask(station, row, attempt)
            if (answer.status_code in (401, 403)) == (row.kind == "station"):
                self._note(row, "a station", "", answer, "let in" if row.kind == "station" else "sign in")

    def _try_colleague(self, row: Row, attempt: Try, *, allowed: bool) -> None:
        """An officer of the unit who is none of the case's and was granted nothing, where the case's officer may."""
        if row.kind != "unit" or "o" not in row.may["here"] or row.theirs == allowed:
            return
        answer = self._ask(self.colleague, row, attempt)
        hidden = attempt.shows is not None and answer.is_success and attempt.shows not in answer.text
        refused = answer.status_code in (400, 401, 403, 404) or hidden
        if refused == allowed or answer.is_server_error:
            self._note(row, "here another", "o", answer, "allowed" if allowed else "refused")

    def _try_refused(self, row: Row, attempt: Try) -> None:
        for place, letter in row.cells(allowed=False):
            answer = self._ask(self.bounds.callers[place][letter], row, attempt)
            shown_nothing = attempt.shows is not None and answer.is_success and attempt.shows not in answer.text
            refusals = (401,) if row.kind == "station" else (403, 404)
            if answer.status_code not in refusals and not (shown_nothing and not self._tells(row, answer)):
                self._note(row, place, letter, answer, "refused")

    def _try_allowed(self, row: Row, attempt: Try, place: str, letter: str) -> httpx.Response:
        answer = self._ask(self.bounds.callers[place][letter], row, attempt)
        refused = answer.status_code in (400, 401, 403, 404) or answer.is_server_error
        lacking = attempt.shows is not None and (not answer.is_success or attempt.shows not in answer.text)
        tells = row.kind == "own" and place != "here" and self._tells(row, answer)
        if refused or lacking or tells:
            self._note(row, place, letter, answer, "allowed" if not tells else "only his own unit's")
        return answer

    def _judge_first(self, row: Row, answers: list[httpx.Response]) -> None:
        if answers and answers[0].is_success != (row.first == "+"):
            self._note(row, "the first who may", "", answers[0], "a success" if row.first == "+" else "a conflict")

    def _ask(self, caller: httpx.Client, row: Row, attempt: Try) -> httpx.Response:
        return caller.request(row.method, attempt.path, **attempt.sent)

    def _tells(self, row: Row, answer: httpx.Response) -> bool:
        """Something of the unit `here` stands in an answer."""
        if row.action in NAMES_WHAT_WAS_TRIED:
            return False
        return answer.is_success and any(secret in answer.text for secret in self.bounds.secrets)

    def _entries(self) -> int:
        """How many of the unit's entries there are, refusals aside."""
        row = LedgerEntryRow
        wanted = select(func.count()).where(row.unit_id == self.bounds.here.id, row.action != "access.denied")
        with self.bounds.served.database.reading() as session:
            return session.scalar(wanted) or 0

    def _note(self, row: Row, place: str, letter: str, answer: httpx.Response, expected: str) -> None:
        said = answer.text[:160].replace("\n", " ")
        who = f"{place} {ROLES.get(letter, '')}".strip()
        self.wrong.append(f"{row.action}: {who} should be: {expected}; {answer.status_code} {said}")


@pytest.fixture
def matrix(served: Any) -> Matrix:
    return Matrix(Bounds(served))


@pytest.mark.timeout(900)
def test_each_role_in_each_unit_is_answered_as_the_table_says(matrix: Matrix) -> None:
    for row in some_of(ROWS, one_in=6):
        matrix.go_through(row)
    assert not matrix.wrong, "\n".join(matrix.wrong)
