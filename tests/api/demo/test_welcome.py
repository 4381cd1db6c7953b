"""What `liuhen up` says once it is ready: how the first person gets in, or that nothing was filled in."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from api.demo import filling
from api.demo.cast import PEOPLE, Cast, SignIn
from api.demo.narration import Narrator
from api.demo.welcome import welcome
from api.engines.roles import DatabaseAddresses
from api.engines.run_record import ArchiveAddresses
from api.settings import Settings
from api.signin import use_first_administrator_code
from storage.database import Database

READY = "留痕已就绪 / ready: http://127.0.0.1:8000"
OFFICER_PART = PEOPLE[0]


def told(addresses: DatabaseAddresses, data: Path, *, demo: bool) -> list[str]:
    lines: list[str] = []
    where = ArchiveAddresses(addresses, broker="", tsa=(), http="http://127.0.0.1:8000")
    welcome(Settings(data=data), where, demo=demo, say=lines.append)
    return lines


def test_an_empty_archive_gives_a_code_that_works_until_the_next_one(
    addresses: DatabaseAddresses, database: Database, tmp_path: Path
) -> None:
    first, second = told(addresses, tmp_path, demo=False), told(addresses, tmp_path, demo=False)
    assert second[0] == READY
    assert "http://127.0.0.1:8000/first-administrator" in second[2]
    codes = [re.findall(r"[0-9A-Z]{5}(?:-[0-9A-Z]{5}){3}", lines[1])[0] for lines in (first, second)]
    assert codes[0] != codes[1]
    signed_in = use_first_administrator_code(
        database,
        codes[1],
        sign_in_name="admin",
        name="李伟",
        password="correct horse battery",
        unit_name="江城区执法局",
        now=datetime.now(UTC),
    )
    assert signed_in.person.role == "administrator"
    assert told(addresses, tmp_path, demo=False) == [READY]


def test_an_archive_with_people_is_left_as_it_is(
    addresses: DatabaseAddresses, database: Database, tmp_path: Path
) -> None:
    code = told(addresses, tmp_path, demo=False)[1].rsplit(" ", 1)[1]
    words = {"sign_in_name": "admin", "name": "李伟", "password": "correct horse battery", "unit_name": "江城区执法局"}
    use_first_administrator_code(database, code, **words, now=datetime.now(UTC))
    lines = told(addresses, tmp_path, demo=True)
    assert lines[0] == READY
    assert "not empty: nothing was filled in" in lines[1]
    assert "liuhen admin person password 用户名" in lines[2]
    assert "liuhen admin person password NAME" in lines[3]
    assert not (tmp_path / "demo.json").exists()


def test_a_database_that_fails_now_does_not_end_the_archive(tmp_path: Path) -> None:
    nowhere = DatabaseAddresses(*[f"postgresql://liuhen_app@/liuhen?host={tmp_path}"] * 4)
    lines = told(nowhere, tmp_path, demo=False)
    assert lines[0] == READY
    assert len(lines) == 2
    assert "liuhen admin first-admin-code" in lines[1]


def test_an_empty_archive_that_becomes_a_demo_is_not_called_ready_before_somebody_can_sign_in(
    addresses: DatabaseAddresses, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    monkeypatch.setattr(filling, "fill_empty_archive", lambda _, address: begun.append(address))
    (line,) = told(addresses, tmp_path, demo=True)
    assert begun == ["http://127.0.0.1:8000"]
    assert "ready" not in line
    assert "正在建立演示的登录账号" in line


def test_the_demo_shows_how_to_sign_in_before_it_says_that_it_is_ready() -> None:
    shown = io.StringIO()
    cast = Cast({}, (SignIn(OFFICER_PART, "a password"),), Path("/nowhere"))
    filling.show_sign_ins(cast, "http://127.0.0.1:8000", Narrator(Console(file=shown, width=120)))
    lines = shown.getvalue().splitlines()
    assert lines[-1] == READY
    assert any("a password" in line for line in lines[:-1])
