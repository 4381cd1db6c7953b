"""Attempts to publish what is not issued, or not by whoever may, or past whoever has to look at it first."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from casework.archiving.secrecy import state_secrecy
from casework.deadlines.events import enter_event
from casework.publication.collecting import Said, restate
from casework.publication.duties import name_to_duty
from casework.publication.stepping import send_back, take_down
from casework.review.decisions import draft_decision
from integrity.local_time import chinese_day
from storage.catalog.decisions import DecisionVersion
from storage.catalog.publication import PublicationVersion
from tests.casework.publication.press import CITIZEN, Press, make_press
from tests.casework.review.attempts.known import Strike, attempt, withdraw_pass
from tests.casework.review.scene import Scene
from tests.casework.sample_archive import OPERATOR

LARGE = {"amount_fen": 6_000_000, "content": "罚款六万元"}


def ready(scene: Scene, deed: Callable[[Press], Any]) -> tuple[Press, Any]:
    """People with duties, and what `deed` makes of them; the press is to be read alone, its session is over."""

    def made(bench: Any) -> tuple[Press, Any]:
        press = make_press(bench)
        return press, deed(press)

    press, found = scene.do(made)
    return press, found


def passed(scene: Scene, reviewers: int | None = None, **said: Any) -> tuple[Press, PublicationVersion]:
    """Everything is done but to publish it."""

    def deed(press: Press) -> PublicationVersion:
        version = press.collect(press.issued(**said))
        press.let_pass(version, reviewers)
        return version

    return ready(scene, deed)


def step(scene: Scene, version: PublicationVersion, by: uuid.UUID, what: str = "published", **other: Any) -> Strike:
    values = {"id": version.publication_id}
    ((last,),) = scene.run("SELECT max(ordinal) FROM publication_step WHERE publication_id = %(id)s", values)
    of = {"unit_id": version.unit_id, "case_id": version.case_id, "publication_id": version.publication_id}
    taken = {"version_id": version.id, "ordinal": (last or 0) + 1, "step": what}
    row = {**of, **taken, "taken_by": by, "taken_at": datetime.now(UTC), **other}
    return lambda: scene.insert("publication_step", row)


def posting(scene: Scene, press: Press, version: PublicationVersion) -> Strike:
    of = {"unit_id": version.unit_id, "case_id": version.case_id, "publication_id": version.publication_id}
    said = {"version_id": version.id, "channel": "website", "place": "x", "posted_on": chinese_day(datetime.now(UTC))}
    row = {**of, **said, "posted_by": press.publisher.id, "posted_at": datetime.now(UTC)}
    return lambda: scene.insert("publication_posting", row)


def decision_of(scene: Scene, version: PublicationVersion) -> DecisionVersion:
    def deed(bench: Any) -> Any:
        return bench.session.query(DecisionVersion).filter_by(case_id=version.case_id).one()

    found: DecisionVersion = scene.do(deed)
    return found


@attempt("publication_gate", "publishing_gate")
def publishing_after_the_pass_is_withdrawn(scene: Scene) -> Strike:
    press, version = passed(scene, **LARGE)
    withdraw_pass(scene, decision_of(scene, version))
    return step(scene, version, press.publisher.id)


@attempt("inspection_gate")
def publishing_a_check_whose_decision_waits(scene: Scene) -> Strike:
    def deed(press: Press) -> PublicationVersion:
        version = press.collect(press.inspected())
        press.let_pass(version)
        said = press.bench.said(kind="inspection", measures=("correction",), amount_fen=None)
        draft_decision(press.session, press.bench.officer, version.case_id, said)
        return version

    press, version = ready(scene, deed)
    return step(scene, version, press.publisher.id)


@attempt("not_revoked")
def publishing_what_was_revoked(scene: Scene) -> Strike:
    press, version = passed(scene)
    now = datetime.now(UTC)

    def deed(bench: Any) -> None:
        enter_event(bench.session, bench.supervisor, version.case_id, "decision_revoked", chinese_day(now), now)

    scene.do(deed)
    return step(scene, version, press.publisher.id)


@attempt("own_issue")
def publishing_the_decision_of_another_case(scene: Scene) -> Strike:
    def deed(press: Press) -> tuple[Any, Any]:
        bench = press.bench
        event = press.issued()
        other = bench.draft(bench.small(), bench.another_case())
        return event, bench.issue(other)

    press, (event, issue) = ready(scene, deed)
    of = {"unit_id": event.unit_id, "case_id": event.case_id, "kind": "penalty", "event_id": event.id}
    row = {**of, "issue_id": issue.id, "begun_by": press.collector.id, "begun_at": datetime.now(UTC)}
    return lambda: scene.insert("publication", row)


@attempt()
def collecting_what_nobody_decided(scene: Scene) -> Strike:
    press, event = ready(scene, lambda press: press.inspected())
    of = {"unit_id": event.unit_id, "case_id": event.case_id, "kind": "penalty", "event_id": event.id}
    row = {**of, "issue_id": uuid.uuid4(), "begun_by": press.collector.id, "begun_at": datetime.now(UTC)}
    return lambda: scene.insert("publication", row)


@attempt("published_now")
def publishing_dated_back(scene: Scene) -> Strike:
    press, version = passed(scene)
    return step(scene, version, press.publisher.id, taken_at=datetime.now(UTC) - timedelta(days=30))


@attempt("latest_text")
def publishing_a_text_that_was_changed(scene: Scene) -> Strike:
    def deed(press: Press) -> PublicationVersion:
        version = press.collect(press.issued())
        press.let_pass(version)
        said, now = Said(conclusion="罚款二百元整"), datetime.now(UTC)
        restate(press.session, press.collector, version.publication_id, said, "更正", now, former=version.id)
        return version

    press, version = ready(scene, deed)
    return step(scene, version, press.publisher.id)


@attempt("step_in_turn")
def publishing_what_was_sent_back(scene: Scene) -> Strike:
    def deed(press: Press) -> PublicationVersion:
        version = press.collect(press.issued())
        press.let_pass(version)
        send_back(press.session, press.reviewers[1], version.publication_id, version.id, "不准确")
        return version

    press, version = ready(scene, deed)
    return step(scene, version, press.publisher.id)


@attempt()
def publishing_what_nobody_reviewed(scene: Scene) -> Strike:
    press, version = ready(scene, lambda press: press.collect(press.issued()))
    return step(scene, version, press.publisher.id)


@attempt("second_reviewer")
def publishing_a_citizens_penalty_by_one_reviewer(scene: Scene) -> Strike:
    press, version = passed(scene, 1, **CITIZEN)
    return step(scene, version, press.publisher.id)


@attempt("not_twice")
def being_the_second_reviewer_of_ones_own_review(scene: Scene) -> Strike:
    press, version = passed(scene, 1, **CITIZEN)
    return step(scene, version, press.reviewers[0].id, "passed")


@attempt("not_the_collector")
def publishing_what_one_collected(scene: Scene) -> Strike:
    def deed(press: Press) -> PublicationVersion:
        name_to_duty(press.session, OPERATOR, press.publisher.id, "collect")
        version = press.collect(press.issued(), by=press.publisher)
        press.let_pass(version)
        return version

    press, version = ready(scene, deed)
    return step(scene, version, press.publisher.id)


@attempt("publication_duty")
def publishing_without_the_duty(scene: Scene) -> Strike:
    _, version = passed(scene)
    return step(scene, version, scene.bench.supervisor.id)


@attempt("no_state_secret")
def publishing_a_state_secret(scene: Scene) -> Strike:
    press, version = passed(scene)
    scene.do(lambda b: state_secrecy(b.session, b.officer, version.case_id, "state_secret", licensed=True))
    return step(scene, version, press.publisher.id)


@attempt()
def showing_it_without_a_step(scene: Scene) -> Strike:
    _, version = passed(scene)
    shown = "shown_version_id = %(version)s, shown_at = now()"
    return lambda: scene.run(f"UPDATE publication SET {shown}", {"version": version.id})


@attempt("posted_shown")
def posting_what_is_not_public(scene: Scene) -> Strike:
    press, version = passed(scene)
    return posting(scene, press, version)


@attempt("posting_gate")
def posting_after_the_pass_is_withdrawn(scene: Scene) -> Strike:
    def deed(press: Press) -> PublicationVersion:
        return press.published(press.issued(**LARGE))

    press, version = ready(scene, deed)
    withdraw_pass(scene, decision_of(scene, version))
    return posting(scene, press, version)


@attempt("published_entry")
def the_ledger_says_that_it_is_published(scene: Scene) -> Strike:
    _, version = passed(scene)
    data = {"version_id": str(version.id), "step_id": str(uuid.uuid4())}
    row = scene.entry_row("publication.published", str(version.publication_id), data)
    return lambda: scene.insert("ledger_entry", row)


def published(scene: Scene, **said: Any) -> tuple[Press, PublicationVersion]:
    return ready(scene, lambda press: press.published(press.issued(**said)))


ATTEMPTED = "UPDATE publication_push SET attempts = 1, attempted_at = now() WHERE action = 'publish'"


@attempt("push_gate")
def pushing_after_the_pass_is_withdrawn(scene: Scene) -> Strike:
    _, version = published(scene, **LARGE)
    withdraw_pass(scene, decision_of(scene, version))
    return lambda: scene.run(ATTEMPTED)


@attempt("push_latest")
def pushing_what_was_taken_down(scene: Scene) -> Strike:
    def deed(press: Press) -> PublicationVersion:
        version = press.published()
        now = datetime.now(UTC)
        take_down(press.session, press.publisher, version.publication_id, "inaccurate", "有误", now)
        return version

    ready(scene, deed)
    return lambda: scene.run(ATTEMPTED)


@attempt("push_no_secret")
def pushing_what_became_a_state_secret(scene: Scene) -> Strike:
    _, version = published(scene)
    scene.do(lambda b: state_secrecy(b.session, b.officer, version.case_id, "state_secret", licensed=True))
    return lambda: scene.run(ATTEMPTED)


@attempt("push_attempted")
def the_platform_has_what_nobody_sent(scene: Scene) -> Strike:
    published(scene)
    return lambda: scene.run("UPDATE publication_push SET accepted_at = now(), receipt = 'x'")


@attempt("push_put_off")
def a_push_that_is_put_off(scene: Scene) -> Strike:
    published(scene)
    return lambda: scene.run("UPDATE publication_push SET due_at = now() + interval '3 hours'")


@attempt("push_attempted_now")
def a_push_that_is_attempted_tomorrow(scene: Scene) -> Strike:
    published(scene)
    far = "attempted_at = now() + interval '9 days', due_at = now() + interval '9 days'"
    return lambda: scene.run(f"UPDATE publication_push SET attempts = 1, {far}")


@attempt()
def a_push_whose_last_attempt_is_moved(scene: Scene) -> Strike:
    published(scene)
    scene.run(ATTEMPTED)
    return lambda: scene.run("UPDATE publication_push SET attempted_at = now() + interval '9 minutes'")


@attempt("pushed_entry")
def the_ledger_says_that_it_was_pushed(scene: Scene) -> Strike:
    _, version = published(scene)
    ((step_id,),) = scene.run("SELECT step_id FROM publication_push")
    row = scene.entry_row("publication.pushed", str(version.publication_id), {"step_id": str(step_id)})
    return lambda: scene.insert("ledger_entry", row)


@attempt()
def withholding_what_is_public(scene: Scene) -> Strike:
    def deed(press: Press) -> PublicationVersion:
        version = press.published()
        said = Said(withhold_ground="business_secret", withhold_reason="涉及商业秘密")
        of = press.session, press.collector, version.publication_id
        again = restate(*of, said, "商业秘密", datetime.now(UTC), former=version.id)
        press.let_pass(again)
        return again

    press, version = ready(scene, deed)
    return step(scene, version, press.publisher.id, "withheld")


@attempt()
def a_push_that_nobody_asked_for(scene: Scene) -> Strike:
    _, version = passed(scene)
    of = {"unit_id": version.unit_id, "case_id": version.case_id, "publication_id": version.publication_id}
    said = {"version_id": version.id, "step_id": uuid.uuid4(), "ordinal": 9, "action": "publish", "attempts": 0}
    return lambda: scene.insert("publication_push", {**of, **said, "due_at": datetime.now(UTC)})


def text_row(scene: Scene, **other: Any) -> Strike:
    """A further text of a citizen's penalty, written by somebody who knows the tables."""
    _, version = passed(scene, **CITIZEN)
    names = [
        each
        for (each,) in scene.run(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'publication_version'"
            " AND is_generated = 'NEVER'"
        )
    ]
    kept = ", ".join(name for name in names if name not in ("id", "ordinal", "reason", *other))
    said = ", ".join(f"%({name})s" for name in other)
    columns = f"id, ordinal, reason, {kept}{', ' if other else ''}{', '.join(other)}"
    select = f"gen_random_uuid(), 2, '更正', {kept}{', ' if other else ''}{said}"
    statement = (
        f"INSERT INTO publication_version ({columns}) SELECT {select} FROM publication_version WHERE id = %(was)s"
    )
    return lambda: scene.run(statement, {**other, "was": version.id})


@attempt()
def a_text_that_names_the_party(scene: Scene) -> Strike:
    return text_row(scene, conclusion="对张三丰罚款五十元")


@attempt()
def a_text_with_an_identity_number(scene: Scene) -> Strike:
    return text_row(scene, legal_basis="证件500105 1990 0101 1234")


@attempt()
def a_text_that_says_the_party_is_an_organisation(scene: Scene) -> Strike:
    return text_row(scene, party="张三丰", party_kind="organisation")
