"""`liuhen admin assignment`: what is typed at the machine, and what it prints."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from api.cli.admin_assignments import add, assignment_line, assignments, correct, withdraw
from api.errors import UsageRefused
from casework.errors import AssignmentWithdrawn, PlaceUnusable, Unknown

NOTHING = dict.fromkeys(("officer", "device", "stage", "latitude", "longitude"))
SCENE = {"latitude": 29.57, "longitude": 106.56}


@pytest.fixture
def session(sealing: Any) -> Any:
    with sealing.archive.database.transaction() as session:
        yield session


def test_one_is_entered_corrected_and_withdrawn_and_what_is_not_named_stays(session: Any, sealing: Any) -> None:
    number, words = sealing.case.number, {**NOTHING, **SCENE, "officer": "000123", "device": "AB00001"}
    wrong = add(session, number, None, "2026-03-04T09:00", "2026-03-04T10:00", words)
    assert (wrong["starts_at"], wrong["ends_at"]) == ("2026-03-04T01:00:00Z", "2026-03-04T02:00:00Z")
    later = correct(session, str(wrong["id"]), "时间录错", None, "2026-03-04T11:00", NOTHING, no_place=False)
    kept = ("officer", "device", "stage", "latitude", "longitude", "starts_at")
    assert {name: later[name] for name in kept} == {name: wrong[name] for name in kept}
    assert later["ends_at"] == "2026-03-04T03:00:00Z"
    alone = correct(session, str(later["id"]), "无此人", None, None, {**NOTHING, "officer": ""}, no_place=True)
    assert (alone["officer"], alone["device"], alone["latitude"], alone["longitude"]) == (None, "AB00001", None, None)
    withdraw(session, str(alone["id"]), "不是本案")
    session.expire_all()
    lines = {facts["id"]: assignment_line(facts) for facts in assignments(session, number, sealing.unit.code)}
    assert len(lines) == 3
    assert "已更正 / corrected · 本机管理员 · " in lines[wrong["id"]]
    assert lines[wrong["id"]].startswith("000123 · AB00001  ")
    assert lines[alone["id"]].endswith(" · 不是本案")
    assert "已撤回 / withdrawn" in lines[alone["id"]]
    with pytest.raises(AssignmentWithdrawn):
        withdraw(session, str(alone["id"]), "再来")


def test_what_cannot_be_understood_is_refused(session: Any, sealing: Any) -> None:
    number, span = sealing.case.number, ("2026-03-04T09:00", "2026-03-04T10:00")
    with pytest.raises(UsageRefused, match="没有案号为"):
        assignments(session, "无此案", None)
    with pytest.raises(UsageRefused, match="unit"):
        assignments(session, number, "nowhere")
    with pytest.raises(UsageRefused, match="2026-03-04T09:00"):
        add(session, number, None, "gestern", span[1], {**NOTHING, "device": "AB00001"})
    with pytest.raises(PlaceUnusable):
        add(session, number, None, *span, {**NOTHING, "device": "AB00001", "latitude": 29.57})
    with pytest.raises(UsageRefused):
        withdraw(session, "x", "录错")
    with pytest.raises(Unknown):
        correct(session, str(uuid.uuid4()), "录错", None, None, NOTHING, no_place=False)


def test_the_commands_print_what_they_did(sealing: Any, commands: Any, capsys: Any) -> None:
    span = ("--from", "2026-03-04T09:00", "--until", "2026-03-04T10:00")
    words = ("admin", "assignment", "add", sealing.case.number, "--device", "AB00001", *span)
    assert commands(*words, "--json") == 0
    made = json.loads(capsys.readouterr().out)
    assert commands("admin", "assignment", "withdraw", made["id"], "--reason", "录错") == 0
    assert f"{made['id']}  已撤回 / withdrawn · 本机管理员" in capsys.readouterr().out
