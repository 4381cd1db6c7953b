"""A kind of rules that cannot come into force is said, and stops neither the other kinds nor the judging."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from api.logs import SaidSeldom
from api.tasks import housekeeping, rules_in_force
from casework.rules.versions import Versions
from storage.catalog.rules import RuleVersion

NOW = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)


def test_every_kind_of_rules_comes_into_force(sealing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    entered: list[type] = []
    monkeypatch.setattr(Versions, "come_into_force", lambda self, *_: entered.append(self.model) or 0)
    with capture_logs() as said:
        rules_in_force.rules_come_into_force(sealing.archive.database, NOW)
    assert said == []
    assert sorted(each.__name__ for each in entered) == sorted(each.__name__ for each in RuleVersion.__subclasses__())


@pytest.mark.parametrize("failing", range(len(rules_in_force.RULES_IN_FORCE)))
def test_one_kind_that_fails_stops_neither_the_others_nor_the_judging(
    sealing: Any, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    entered: list[str] = []
    enter = Versions.come_into_force
    models = [_model_of(each, sealing) for each in rules_in_force.RULES_IN_FORCE]

    def fail_once(self: Versions[Any], session: Session, now: datetime) -> int:
        if self.model is models[failing]:
            session.execute(text("SELECT 1 / 0"))
        entered.append(self.model.__name__)
        return enter(self, session, now)

    judged: list[Any] = []
    monkeypatch.setattr(rules_in_force, "_failures", defaultdict(SaidSeldom))
    monkeypatch.setattr(Versions, "come_into_force", fail_once)
    monkeypatch.setattr(housekeeping, "judge_all_noted", judged.append)
    with capture_logs() as said:
        for _ in range(2):
            housekeeping.judge_all_due(sealing.archive, NOW)
    assert entered == [each.__name__ for each in models if each is not models[failing]] * 2
    assert judged == [sealing.archive.database] * 2
    (line,) = said
    assert (line["event"], line["error"]) == ("rules.not_in_force", "DataError")
    assert line["kind"] == rules_in_force.RULES_IN_FORCE[failing].__module__


def _model_of(enter: Any, sealing: Any) -> type:
    """Whose versions it enters."""
    found: list[type] = []
    with pytest.MonkeyPatch.context() as patch, sealing.archive.database.reading() as session:
        patch.setattr(Versions, "come_into_force", lambda self, *_: found.append(self.model) or 0)
        enter(session, NOW)
    (model,) = found
    return model
