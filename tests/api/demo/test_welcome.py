"""What `liuhen up` says once it is ready: how the first person gets in, or that nothing was filled in."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from api.demo.welcome import welcome
from api.engines.roles import DatabaseAddresses
from api.engines.run_record import ArchiveAddresses
from api.settings import Settings
from api.signin import use_first_administrator_code
from storage.database import Database


def told(addresses: DatabaseAddresses, data: Path, *, demo: bool) -> list[str]:
    lines: list[str] = []
    where = ArchiveAddresses(addresses, broker="", tsa=(), http="http://127.0.0.1:8000")
    welcome(Settings(data=data), where, demo=demo, say=lines.append)
    return lines


def test_an_empty_archive_gives_a_code_that_works_until_the_next_one(
    addresses: DatabaseAddresses, database: Database, tmp_path: Path
) -> None:
    first, second = told(addresses, tmp_path, demo=False), told(addresses, tmp_path, demo=False)
    assert "http://127.0.0.1:8000/first-administrator" in second[1]
    codes = [re.findall(r"[0-9A-Z]{5}(?:-[0-9A-Z]{5}){3}", lines[0])[0] for lines in (first, second)]
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
    assert told(addresses, tmp_path, demo=False) == []


def test_an_archive_with_people_is_left_as_it_is(
    addresses: DatabaseAddresses, database: Database, tmp_path: Path
) -> None:
    code = told(addresses, tmp_path, demo=False)[0].rsplit(" ", 1)[1]
    words = {"sign_in_name": "admin", "name": "李伟", "password": "correct horse battery", "unit_name": "江城区执法局"}
    use_first_administrator_code(database, code, **words, now=datetime.now(UTC))
    lines = told(addresses, tmp_path, demo=True)
    assert "not empty: nothing was filled in" in lines[0]
    assert "liuhen admin person password 用户名" in lines[1]
    assert "liuhen admin person password NAME" in lines[2]
    assert not (tmp_path / "demo.json").exists()


def test_a_database_that_fails_now_does_not_end_the_archive(tmp_path: Path) -> None:
    nowhere = DatabaseAddresses(*[f"postgresql://liuhen_app@/liuhen?host={tmp_path}"] * 4)
    lines = told(nowhere, tmp_path, demo=False)
    assert len(lines) == 1
    assert "liuhen admin first-admin-code" in lines[0]
