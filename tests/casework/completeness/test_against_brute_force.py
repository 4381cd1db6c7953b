"""200 acts and more: every second as trying all errors of all clocks has it."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise

import pytest

from casework.completeness.case_file import as_json, read_case_files
from tests.casework.completeness.brute_force import seconds_of, verdict_of
from tests.casework.completeness.scenes import as_file, generate

SCENES = 400


def test_every_second_of_every_act() -> None:
    missing = found = false_alarms = recorded = 0
    verdicts: Counter[str] = Counter()
    for seed in range(SCENES):
        scene = generate(seed)
        wanted = seconds_of(scene)
        (case,), _ = read_case_files(json.dumps(as_file(scene)).encode())
        answer = as_json(case.demand.span, case.judge())
        given = [(state, label) for a, b, state, label in answer["exact"] for _ in range(a, b)]
        assert given == wanted, seed
        assert answer["verdict"] == verdict_of(wanted), seed
        verdicts[answer["verdict"]] += 1
        for have, want in zip(given, wanted, strict=True):
            missing += want[0] == "missing"
            found += have[0] == want[0] == "missing"
            recorded += want[0] == "covered"
            false_alarms += have[0] == "missing" != want[0]
    print(f"{found} of {missing} missing seconds found, {false_alarms} of {recorded} recorded ones called missing")
    print(dict(verdicts))
    assert (
        min(verdicts[verdict] for verdict in ("incomplete", "doubtful", "complete_with_explanations", "complete")) > 20
    )


@pytest.mark.parametrize("seed", range(0, SCENES, 20))
def test_the_stretches_leave_nothing_out_and_neighbours_differ(seed: int) -> None:
    scene = generate(seed)
    (case,), _ = read_case_files(json.dumps(as_file(scene)).encode())
    exact = as_json(case.demand.span, case.judge())["exact"]
    assert (exact[0][0], exact[-1][1]) == (0, scene.length)
    for one, other in pairwise(exact):
        assert one[1] == other[0]
        assert one[2:] != other[2:]
