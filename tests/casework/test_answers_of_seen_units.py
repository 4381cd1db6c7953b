"""Functions that run as the owner see every unit: called by hand, as the application's role, they tell of seen ones."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from api.credentials import open_session
from api.engines.roles import DatabaseAddresses
from storage.database import Database
from tests.casework.documents.conftest import DECISION
from tests.casework.publication.press import make_press
from tests.casework.review.attempts.papers import office_of
from tests.casework.review.conftest import make_bench
from tests.casework.review.serving import serve

OF_SEEN_UNITS: Mapping[str, Any] = {
    "gate_refusals('{version}')": ["unknown"],
    "case_gate_refusals('{case}', NULL, NULL)": ["unknown"],
    "leave_refusals('{issue}')": ["unknown"],
    "unnamed_refusals('{document}')": ["unknown"],
    "number_refusals('{case}', now())": ["unknown"],
    "told_refusals('{version}')": ["unknown"],
    "pass_of('{version}')": None,
    "takes_part_in('{case}', '{reviewer}')": True,
    "serves_decision_of('{service}', '{event}')": None,
}
"""What each answers of a row that is not seen, as of one that there is not: it refuses."""
ANSWER_OTHERWISE: Mapping[str, str] = {
    **dict.fromkeys(("enter", "enter_whole", "enter_by_code", "enter_by_password"), "to a secret, which is checked"),
    **dict.fromkeys(("seen_units", "units_above", "sees_all", "may_see", "is_let_through"), "of whoever asks himself"),
    "password_asked": "how a password is hashed, before anybody has signed in",
    "has_administrator": "whether the archive is set up, likewise",
    **dict.fromkeys(("public_items", "public_steps", "public_changes", "public_units"), "what is public"),
    **dict.fromkeys(("operating_figures", "redacted_copies_due"), "numbers alone"),
    "sought_ids": "among the units that are seen",
    "file_review_eligible": "to whoever sees the unit",
    "file_review_sample": "what follows from its arguments alone",
    "qualified_to_review": "of the register, which is read by all",
    "unit_of": "whose a row is, so that a refusal is an entry",
    "sealed_object_of": "the object that a station's receipt vouches for, with nobody signed in",
    "note_sent_bytes": "that there is such a window, whose bytes one request notes for others",
}
"""The others that the application may call, and of what they tell."""
CALLABLE = """
    SELECT p.proname FROM pg_proc p
    WHERE p.prosecdef AND p.prorettype <> 'trigger'::regtype AND p.pronamespace = 'public'::regnamespace
        AND has_function_privilege('liuhen_app', p.oid, 'EXECUTE')
"""


@dataclass(frozen=True)
class Decided:
    """A decision that a review let pass: issued, on paper and served. `secrets` of people by where they are."""

    ids: Mapping[str, uuid.UUID]
    secrets: Mapping[str, str]


@pytest.fixture
def decided(database: Database, archive_in: Any) -> Decided:
    with database.transaction() as session:
        archive = archive_in(session)
        bench = make_bench(session, archive)
        press, version = make_press(bench), bench.draft()
        bench.review(version)
        issue = bench.issue(version)
        paper = office_of(bench).begin("penalty_decision", DECISION, decision_id=version.decision_id)
        service = serve(bench)
        beside = archive.person(archive.unit(bench.bureau), "supervisor")
        people = {"here": bench.supervisor, "above": bench.reviewer, "beside": beside}
        rows = {"case": bench.case, "version": version, "issue": issue, "document": paper.document, "service": service}
        rows |= {"event": press.event_of(bench.case.id, "penalty_decided"), "reviewer": bench.reviewer}
        session.flush()
        now = datetime.now(UTC)
        return Decided(
            {name: row.id for name, row in rows.items()},
            {name: open_session(session, person, now) for name, person in people.items()},
        )


def answers(addresses: DatabaseAddresses, secret: str | None, ids: Mapping[str, uuid.UUID]) -> dict[str, Any]:
    with psycopg.connect(addresses.app) as connection:
        if secret is not None:
            connection.execute("SELECT enter(%s)", (secret.encode(),))
        said = {call: connection.execute(f"SELECT {call.format(**ids)}".encode()).fetchone() for call in OF_SEEN_UNITS}
        return {call: row and row[0] for call, row in said.items()}


def test_of_another_unit_the_gate_tells_what_it_tells_of_nothing(
    addresses: DatabaseAddresses, decided: Decided
) -> None:
    nowhere = {name: uuid.uuid4() for name in decided.ids}
    for secret in (None, decided.secrets["beside"]):
        assert answers(addresses, secret, decided.ids) == OF_SEEN_UNITS
        assert answers(addresses, secret, nowhere) == OF_SEEN_UNITS


@pytest.mark.parametrize("who", ["here", "above"])
def test_of_a_unit_that_is_seen_the_gate_tells_how_it_is(
    addresses: DatabaseAddresses, decided: Decided, who: str
) -> None:
    told = answers(addresses, decided.secrets[who], decided.ids)
    assert {call for call in OF_SEEN_UNITS if told[call] == OF_SEEN_UNITS[call]} == set()
    assert told["gate_refusals('{version}')"] == told["leave_refusals('{issue}')"] == []
    assert told["takes_part_in('{case}', '{reviewer}')"] is False
    assert told["serves_decision_of('{service}', '{event}')"] is True


def test_what_runs_as_the_owner_and_may_be_called_is_written_down(addresses: DatabaseAddresses) -> None:
    """Whoever adds such a function says here of what it tells; what only triggers ask is for nobody to call."""
    with psycopg.connect(addresses.owner) as connection:
        callable_now = {name for (name,) in connection.execute(CALLABLE)}
    assert callable_now == {call.partition("(")[0] for call in OF_SEEN_UNITS} | set(ANSWER_OTHERWISE)


def test_what_only_triggers_ask_is_not_answered(addresses: DatabaseAddresses, decided: Decided) -> None:
    """They would lock another unit's case, and tell of its links, opinions and sessions."""
    calls = (
        "document_gate('{document}', 'seal')",
        "publication_gate('{version}', 'x')",
        "lock_case_in_turn('{case}')",
        "lock_case_of_decisions('{case}', '{case}')",
        "refuse_unless_issued('{version}', 'x')",
        "standing_opinion_of('{version}')",
        "session_lets('{case}', '{version}', 'agreed')",
        "is_proven_service(NULL::case_service)",
        "require_case_under_review('{case}', '{case}', '{case}')",
        "revocation_refusals('{issue}')",
    )
    with psycopg.connect(addresses.app) as connection:
        connection.execute("SELECT enter(%s)", (decided.secrets["here"].encode(),))
        for call in calls:
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(f"SELECT {call.format(**decided.ids)}".encode())
