"""200 acts as rows: what `judge_case` finds is, second by second, what trying all errors of all clocks has."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from sqlalchemy.orm import Session

from casework.checklists.checklists import load_checklist
from casework.closing import close_case
from casework.procedure.errors import CaseIncomplete
from casework.procedure.judged import JudgedAct
from casework.procedure.judgement import judge_case
from storage.ledger.append import Actor
from tests.casework.completeness.brute_force import seconds_of, verdict_of
from tests.casework.procedure.rows_of_scenes import BEFORE_MIDNIGHT, CHECKLIST, NOW, generate, store
from tests.sampling import ALL

SCENES = 200 if ALL else 80
OPERATOR = Actor.system("admin")


def seconds_found(judged: JudgedAct) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for each in judged.stretches:
        first, last = ((moment - BEFORE_MIDNIGHT).total_seconds() for moment in (each.starts_at, each.ends_at))
        assert first == len(found), "nothing is left out"
        assert last == int(last), "whole seconds in, whole seconds out"
        found += [(each.state, each.label)] * int(last - first)
    return found


@pytest.mark.timeout(600)
def test_every_second_of_every_act_as_rows_say(session: Session, team: Any) -> None:
    load_checklist(session, OPERATOR, CHECKLIST.encode(), NOW)
    missing = found = recorded = false_alarms = 0
    verdicts: Counter[str] = Counter()
    known_by: Counter[str] = Counter()
    for seed in range(SCENES):
        scene = generate(seed)
        wanted = seconds_of(scene.as_scene())
        case = store(team, scene)
        (judged,) = judge_case(session, case.id, NOW)
        given = seconds_found(judged)
        assert given == wanted, (seed, scene)
        assert judged.verdict == verdict_of(wanted), seed
        verdicts[judged.verdict] += 1
        known_by.update(each.known_by for each in scene.placed)
        for have, want in zip(given, wanted, strict=True):
            missing += want[0] == "missing"
            found += have[0] == want[0] == "missing"
            recorded += want[0] == "covered"
            false_alarms += have[0] == "missing" != want[0]
        if verdict_of(wanted) == "incomplete":
            with pytest.raises(CaseIncomplete):
                close_case(session, team.supervisor, case.id, "结案")
    print(f"{found} of {missing} missing seconds found, {false_alarms} of {recorded} recorded ones called missing")
    print(dict(verdicts), dict(known_by))
    assert (
        min(verdicts[each] for each in ("incomplete", "doubtful", "complete_with_explanations", "complete"))
        >= SCENES // 20
    )
    assert min(known_by[each] for each in ("claimed", "satellites", "answered", "learnt", "nothing")) >= 5
