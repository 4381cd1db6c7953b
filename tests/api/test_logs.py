"""A line of the log is JSON, and steers no terminal that it is read on."""

from __future__ import annotations

import json

from api.logs import _as_json

SAID = "执法\x1b[2J\r\n\x9b31m\u202egpj"


def test_a_line_of_the_log_steers_no_terminal_and_says_all() -> None:
    line = _as_json(None, "info", {"event": "received", "filename": SAID})
    assert line.isprintable()
    assert "执法" in line
    assert json.loads(line) == {"event": "received", "filename": SAID}
