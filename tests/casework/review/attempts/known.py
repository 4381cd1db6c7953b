"""What all attempts stand on: the list of them, and the scene that each begins with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from casework.review.reviewing import withdraw_review
from storage.catalog.decisions import DecisionVersion
from tests.casework.review.scene import Scene

Strike = Callable[[], object]
Attempt = Callable[[Scene], Strike]
ATTEMPTS: dict[str, Attempt] = {}
CONDITIONS: dict[str, str] = {}


def attempt(*conditions: str) -> Callable[[Attempt], Attempt]:
    def known(prepare: Attempt) -> Attempt:
        name = prepare.__name__
        ATTEMPTS[name] = prepare
        CONDITIONS.update(dict.fromkeys(conditions, name))
        return prepare

    return known


def passed(scene: Scene) -> DecisionVersion:
    def deed(bench: Any) -> DecisionVersion:
        version = bench.draft()
        bench.review(version)
        return version

    return scene.do(deed)


def issued(scene: Scene, small: bool = False) -> DecisionVersion:
    def deed(bench: Any) -> DecisionVersion:
        version = bench.draft(bench.small() if small else bench.said())
        if not small:
            bench.review(version)
        bench.issue(version)
        return version

    return scene.do(deed)


def withdraw_pass(scene: Scene, version: DecisionVersion) -> None:
    (review_id,) = scene.run("SELECT id FROM decision_review WHERE version_id = %(id)s", {"id": version.id})[0]
    scene.do(lambda b: withdraw_review(b.session, b.reviewer, review_id, "发现新证据"))


def issue(scene: Scene, version: DecisionVersion, **other: Any) -> Strike:
    return lambda: scene.insert("decision_issue", scene.issue_row(version, **other))
