"""What a stranger's file says is shown, and steers nothing."""

from __future__ import annotations

import json

import pytest

from integrity.hidden_signs import escaped, is_hidden, without_hidden

STEERING = "x\x1b[2J\r\nSet-Cookie: a=b \u202egpj\u2066\x9b31m\u2028\u200b\x7f"


@pytest.mark.parametrize("sign", "\0\t\n\r\x1b\x7f\x85\x9b\u200b\u200f\u202e\u2028\u2069\ufeff\ud800")
def test_what_nobody_sees_is_hidden(sign: str) -> None:
    assert is_hidden(sign)
    assert without_hidden(f"甲{sign}乙") == "甲\ufffd乙"


@pytest.mark.parametrize("sign", "a甲é \u3000\u00a0\u200d\u200c\ufffd/<“")
def test_what_is_read_stays(sign: str) -> None:
    assert not is_hidden(sign)
    assert without_hidden(sign) == escaped(sign) == sign


def test_nothing_is_lost_on_a_terminal() -> None:
    line = escaped(STEERING)
    assert not any(map(is_hidden, line))
    assert json.loads(f'"{line}"') == STEERING
    assert escaped("a\nb\x1b", but="\n") == "a\nb\\u001b"
