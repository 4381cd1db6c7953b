"""`liuhen admin element` about a photograph whose camera says what would steer a terminal."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from PIL import Image

from api.tasks.housekeeping import link_all_due
from storage.catalog.recordings import Recording
from tests.api.tampering import as_superuser

MAKE, MODEL = "<script>alert(3)</script>", "x\x1b[2J\r\nSet-Cookie: a=b"
SHOWN = "<script>alert(3)</script> x\ufffd[2J\ufffd\ufffdSet-Cookie: a=b"


def photograph() -> bytes:
    tags, content = Image.Exif(), io.BytesIO()
    tags.update({271: MAKE, 272: MODEL})
    Image.new("RGB", (64, 64), (180, 40, 30)).save(content, "JPEG", exif=tags)
    return content.getvalue()


@pytest.fixture
def photographed(sealing: Any, commands: Any, capsys: pytest.CaptureFixture[str]) -> Recording:
    """Sealed, linked, and judged by what is demanded of it."""
    assert commands("admin", "policy", "list") == 0
    recording: Recording = sealing.seal(photograph(), "IMG_0001.jpg")
    link_all_due(sealing.archive)
    assert commands("admin", "element", "judge-again") == 0
    capsys.readouterr()
    return recording


def lines_of(commands: Any, capsys: Any, *words: str) -> list[str]:
    """What is printed for a person and as JSON, in lines; neither obeys anything that the file said."""
    printed = []
    for each in (words, (*words, "--json")):
        assert commands("admin", "element", *each) == 0
        out = capsys.readouterr().out
        assert all(sign == "\n" or sign.isprintable() or sign == "\u3000" for sign in out)
        printed.append(out)
    json.loads(printed[1])
    return str(printed[0]).split("\n")


def test_what_a_camera_says_steers_no_terminal(photographed: Recording, commands: Any, capsys: Any) -> None:
    assert photographed.device == SHOWN
    for words in (("list",), ("show", str(photographed.id))):
        lines = lines_of(commands, capsys, *words)
        assert any(SHOWN in line for line in lines)
        assert not any(line.startswith("Set-Cookie") for line in lines)


def test_neither_does_what_an_older_archive_kept_of_it(
    photographed: Recording, commands: Any, capsys: Any, server: Any, addresses: Any
) -> None:
    with as_superuser(server, addresses) as connection:
        connection.execute("UPDATE recording SET device = %s", (f"{MAKE} {MODEL}\x9b\u202e",))
        connection.execute("UPDATE element_question SET device = %s", (f"{MAKE} {MODEL}\x9b\u202e",))
    lines = lines_of(commands, capsys, "list")
    assert any("x\\u001b[2J\\r\\nSet-Cookie: a=b\\u009b\\u202e" in line for line in lines)
    assert not any(line.startswith("Set-Cookie") for line in lines)
    lines_of(commands, capsys, "show", str(photographed.id))
