"""Attempts to have a penalty pass for something that is neither reviewed nor told: by its kind or by its measures."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from storage.catalog.decisions import DecisionVersion
from tests.casework.review.attempts.known import Strike, attempt, issued
from tests.casework.review.scene import Scene, insert_into

ADDED = {"kind": "coercion", "measures": ("additional_fine",), "content": "加处罚款"}


def restated(scene: Scene, version: DecisionVersion, **other: Any) -> Strike:
    """A row beside the draft, as somebody writes it who knows the tables."""
    return lambda: scene.insert("decision_version", scene.version_row(version, **other))


def drafted(scene: Scene, **said: Any) -> DecisionVersion:
    version: DecisionVersion = scene.do(lambda b: b.draft(b.small(**said)))
    return version


def seizure(scene: Scene) -> DecisionVersion:
    return drafted(scene, kind="coercion", measures=("seizure",), amount_fen=None, content="扣押")


@attempt("measures_of_kind", "stated_fit")
def a_fine_that_calls_itself_a_coercion(scene: Scene) -> Strike:
    return restated(scene, seizure(scene), measures=Jsonb(["fine"]), amount_fen=60_000_000)


@attempt()
def a_fine_beside_a_seizure(scene: Scene) -> Strike:
    return restated(scene, seizure(scene), measures=Jsonb(["seizure", "fine"]), amount_fen=60_000_000)


@attempt()
def a_measure_that_no_list_has(scene: Scene) -> Strike:
    return restated(scene, drafted(scene), measures=Jsonb(["shutdown"]), amount_fen=None)


@attempt()
def a_fine_in_a_list_of_its_own(scene: Scene) -> Strike:
    return restated(scene, drafted(scene), measures=Jsonb([["fine"]]), amount_fen=None)


@attempt()
def a_fine_of_a_check(scene: Scene) -> Strike:
    def deed(bench: Any) -> DecisionVersion:
        said = bench.said(kind="inspection", measures=("correction",), amount_fen=None, content="责令改正")
        version: DecisionVersion = bench.draft(said, bench.another_case("routine_check"))
        return version

    return restated(scene, scene.do(deed), measures=Jsonb(["fine"]), amount_fen=60_000_000)


@attempt("no_penalty_alone")
def no_penalty_and_a_fine(scene: Scene) -> Strike:
    return restated(scene, drafted(scene), measures=Jsonb(["no_penalty", "fine"]))


@attempt("added_to_a_fine")
def an_additional_fine_without_a_fine(scene: Scene) -> Strike:
    return restated(scene, seizure(scene), measures=Jsonb(["additional_fine"]), amount_fen=60_000_000)


@attempt("added_to_his_fine")
def an_additional_fine_on_somebody_elses(scene: Scene) -> Strike:
    issued(scene, small=True)
    return restated(scene, seizure(scene), measures=Jsonb(["additional_fine"]), amount_fen=20_000, party="重庆另一公司")


@attempt("added_once")
def an_additional_fine_added_twice(scene: Scene) -> Strike:
    issued(scene, small=True)
    drafted(scene, **ADDED)
    return restated(scene, seizure(scene), measures=Jsonb(["additional_fine"]), amount_fen=20_000)


@attempt("issued_fit")
def a_draft_of_before_that_fits_nothing(scene: Scene) -> Strike:
    """It was stated while nothing asked what fits: it is there, and not issued."""
    version = seizure(scene)
    row = scene.version_row(version, measures=Jsonb(["fine"]), amount_fen=60_000_000)
    with psycopg.connect(scene.addresses.owner) as connection:
        connection.execute("ALTER TABLE decision_version DISABLE TRIGGER zz_fitting_measures")
        version_id = insert_into(connection, "decision_version", row)
        connection.execute("ALTER TABLE decision_version ENABLE TRIGGER zz_fitting_measures")
    return lambda: scene.insert("decision_issue", scene.issue_row(version, version_id=version_id))


def unpunished(scene: Scene) -> DecisionVersion:
    return drafted(scene, measures=("no_penalty",), amount_fen=None, content="不予行政处罚")


@attempt("words_named", "words_fit")
def a_licence_revoked_in_the_words_of_no_penalty(scene: Scene) -> Strike:
    return restated(scene, unpunished(scene), content="不予行政处罚。吊销营业执照")


@attempt("sum_named")
def a_sum_to_be_paid_in_the_words_of_no_penalty(scene: Scene) -> Strike:
    return restated(scene, unpunished(scene), content="限十五日内将六十万元缴至指定账户")


@attempt()
def a_larger_fine_in_the_words_than_the_amount(scene: Scene) -> Strike:
    return restated(scene, drafted(scene), content="罚款六十万元")


@attempt("no_detention")
def a_detention_in_the_words_of_a_fine(scene: Scene) -> Strike:
    return restated(scene, drafted(scene), content="罚款二百元，行政拘留十日")
