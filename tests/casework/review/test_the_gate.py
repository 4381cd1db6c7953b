"""No in-scope decision by any route: every attempt is refused and leaves nothing, and each line of it is needed."""

from __future__ import annotations

import re
import threading
from typing import Any

import psycopg
import pytest

from api.engines.roles import DatabaseAddresses
from casework.review.errors import GateShut
from casework.review.reviewing import withdraw_review
from storage.catalog.casework import CASE_KINDS, Case
from storage.catalog.decisions import MEASURES, MEASURES_OF, DecisionVersion
from storage.database import Database
from tests.casework.review.attempts import ATTEMPTS, CONDITIONS, TIGHT, Strike, issue, passed, rules_elsewhere
from tests.casework.review.attempts.known import issued, withdraw_pass
from tests.casework.review.attempts.papers import revoke
from tests.casework.review.scene import Scene
from tests.sampling import some_of

FUNCTIONS = """
    SELECT p.proname, pg_get_functiondef(p.oid) FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace AND p.prosrc LIKE '%-- condition: %' ORDER BY p.proname
"""
CONDITION = re.compile(r"-- condition: (\w+)$", re.MULTILINE)


@pytest.fixture
def scene(database: Database, addresses: DatabaseAddresses, bench_in: Any, archive_in: Any) -> Scene:
    return Scene(database, addresses, bench_in, archive_in)


def refused_at_the_gate(strike: Strike) -> str:
    """What the database says; no error of the attempt's own, such as a column that it spelled wrongly."""
    with pytest.raises(psycopg.Error) as caught:
        strike()
    state = caught.value.sqlstate
    assert state in ("LHG01", "23514", "42501"), caught.value
    return str(state)


@pytest.mark.parametrize("name", some_of(tuple(ATTEMPTS), one_in=3))
def test_an_attempt_is_refused_leaves_nothing_and_a_legitimate_decision_goes_through(scene: Scene, name: str) -> None:
    strike = ATTEMPTS[name](scene)
    before = scene.state
    refused_at_the_gate(strike)
    assert scene.state == before
    if name in ("where_no_list_holds",):
        return
    scene.go_through()


@pytest.mark.parametrize(
    "name", ["a_row_without_any_review", "the_stage_without_its_row", "service_of_what_is_not_issued"]
)
def test_the_plainest_attempts_are_refused(scene: Scene, name: str) -> None:
    """One a route, within `make test`: each of all the others has its turn in CI."""
    strike = ATTEMPTS[name](scene)
    before = scene.state
    refused_at_the_gate(strike)
    assert scene.state == before


def test_catalog_and_database_know_the_same_measures_of_each_kind(scene: Scene) -> None:
    for kind in CASE_KINDS:
        ((measures,),) = scene.run("SELECT measures_of(%(kind)s)", {"kind": kind}, role="owner")
        assert {*measures} == {*MEASURES_OF[kind]}, kind
    assert {each for of in MEASURES_OF.values() for each in of} == {*MEASURES}


def test_there_are_at_least_forty_attempts() -> None:
    assert len(ATTEMPTS) >= 40


def conditions_of(scene: Scene) -> dict[str, str]:
    """Every condition that the gate's functions name, with the function it stands in."""
    return {name: body for _, body in scene.run(FUNCTIONS, role="owner") for name in CONDITION.findall(body)}


def test_every_condition_of_the_gate_has_its_attempt(scene: Scene) -> None:
    assert set(conditions_of(scene)) == {*CONDITIONS, *TIGHT}


def without(body: str, condition: str) -> str:
    """The function without the line that states this condition."""
    lines = body.split("\n")
    (place,) = [at for at, line in enumerate(lines) if line.endswith(f"-- condition: {condition}")]
    line = lines[place].split("--")[0].rstrip()
    stripped = line.strip()
    if stripped.startswith("WHERE "):
        lines[place] = "WHERE TRUE"
    elif stripped.startswith("IF ") and stripped.endswith(" THEN"):
        lines[place] = "IF FALSE THEN"
    elif stripped.startswith("IF "):
        lines[place] = "IF TRUE"
    else:
        lines[place] = ""
    return "\n".join(lines)


@pytest.mark.parametrize("condition", some_of(tuple(CONDITIONS), one_in=4))
def test_without_one_condition_an_attempt_succeeds(scene: Scene, condition: str) -> None:
    scene.run(without(conditions_of(scene)[condition], condition), role="owner")
    strike = ATTEMPTS[CONDITIONS[condition]](scene)
    strike()


def beside_another_party(bench: Any, said: dict[str, Any], case: Case) -> DecisionVersion:
    """A small decision, in a case in which somebody else is fined as well, by one that needs a review."""
    bench.draft(bench.said(party="另一家公司"), case)
    version: DecisionVersion = bench.draft(bench.small(**said), case)
    return version


@pytest.mark.parametrize("condition", TIGHT)
def test_without_one_limit_of_the_list_a_decision_out_of_scope_needs_a_review(scene: Scene, condition: str) -> None:
    rules_elsewhere(scene)
    version = scene.do(lambda b: beside_another_party(b, TIGHT[condition], b.case))
    issue(scene, version)()
    scene.run(without(conditions_of(scene)[condition], condition), role="owner")
    version = scene.do(lambda b: beside_another_party(b, TIGHT[condition], b.another_case()))
    assert refused_at_the_gate(issue(scene, version)) == "LHG01"


def test_what_was_decided_anew_is_executed_though_the_former_lost_its_pass(scene: Scene) -> None:
    former = issued(scene)
    withdraw_pass(scene, former)
    with pytest.raises(psycopg.Error):
        scene.execute_case(scene.bench.case)
    revoke(scene, former)
    with pytest.raises(psycopg.Error):
        scene.execute_case(scene.bench.case)
    issued(scene)
    scene.execute_case(scene.bench.case)
    assert scene.run('SELECT stage FROM "case" WHERE id = %(id)s', {"id": former.case_id}) == [("execution",)]


def test_of_two_who_issue_at_once_one_is_refused(scene: Scene) -> None:
    version = passed(scene)
    outcomes = at_once(issue(scene, version), issue(scene, version))
    assert sorted(outcomes) == ["23505", "done"]
    assert scene.run("SELECT count(*) FROM decision_issue") == [(1,)]


def test_a_pass_withdrawn_meanwhile_is_issued_before_or_never(scene: Scene) -> None:
    for _ in range(5):
        version = scene.do(lambda b: b.draft(case=b.another_case()))
        review = scene.do(lambda b, version=version: b.review(version))
        outcomes = at_once(
            issue(scene, version),
            lambda review=review: scene.do(lambda b: withdraw_review(b.session, b.reviewer, review.id, "新证据")),
        )
        assert outcomes[1] == "done"
        assert outcomes[0] in ("done", "LHG01")
        values = {"id": version.id}
        issued = scene.run(
            "SELECT i.issued_at < r.withdrawn_at OR i.issued_at < clock_timestamp() FROM decision_issue i "
            "JOIN decision_review r ON r.id = i.review_id WHERE i.version_id = %(id)s",
            values,
        )
        assert issued == ([(True,)] if outcomes[0] == "done" else [])
        assert scene.run("SELECT gate_refusals(%(id)s)", values) == [(["no_pass"],)]


def test_what_the_gate_refuses_is_said_with_its_reason(scene: Scene) -> None:
    version = scene.do(lambda b: b.draft())
    with pytest.raises(GateShut, match="needs a legal review") as caught:
        scene.do(lambda b: b.issue(version))
    assert caught.value.refusals == ("no_pass",)
    with pytest.raises(psycopg.Error) as raised:
        issue(scene, version)()
    assert (raised.value.sqlstate, raised.value.diag.message_detail) == ("LHG01", "no_pass")


def at_once(*deeds: Strike) -> list[str]:
    outcomes = [""] * len(deeds)
    start = threading.Barrier(len(deeds))

    def run(place: int) -> None:
        start.wait()
        try:
            deeds[place]()
            outcomes[place] = "done"
        except psycopg.Error as error:
            outcomes[place] = str(error.sqlstate)

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(deeds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
