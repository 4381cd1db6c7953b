"""`liuhen admin capacity`: the room that is left and for how long, for a person and for a program."""

from __future__ import annotations

import json
from typing import Any


def test_the_room_of_an_archive_is_told(commands: Any, capsys: Any) -> None:
    assert commands("admin", "capacity", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["classes"][0]["code"] == "general"
    assert facts["stored_bytes"] == sum(each["stored_bytes"] for each in facts["classes"]) == 0
    assert facts["free_bytes"] > 0
    assert facts["keeping_all"]["full_on"] is None, "nothing comes in"
    assert commands("admin", "capacity", "--room", "10TiB") == 0
    out = capsys.readouterr().out
    assert "剩余空间 / room left  10.0 TiB" in out
    assert "二十年内不会用尽 / not full within twenty years" in out
    assert commands("admin", "capacity", "--room", "much") == 2
    assert "--room takes a size such as 10TiB" in capsys.readouterr().err
