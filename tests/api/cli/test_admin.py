"""`liuhen admin` as an operator runs it: real processes on a data folder, with no archive running and with one."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import psycopg
import pytest
import typer

import casework
from api.cli.admin import app as admin_app
from api.cli.admin_archive import require_archive
from api.cli.admin_lookup import running_addresses
from api.engines.folders import socket_folder
from api.engines.lock import DataFolderLock
from api.engines.postgres import find_binaries
from api.engines.preparing import create_keys
from api.engines.process import list_in_folder
from api.engines.roles import DatabaseAddresses
from api.errors import ArchiveMissing
from api.settings import Settings
from ingest.dock.token import read_station_token
from integrity.local_time import show_written
from integrity.trust import load_trust
from tests.commands import Ran, run_here

SECONDS = 60


# Lends its database on a data folder as `liuhen up` does, without all the rest.
LENDER = """
import json, pathlib, sys
from api.engines.run_record import ArchiveAddresses, publish_addresses
from api.engines.running import running_database
from api.settings import Settings
settings = Settings(data=pathlib.Path(sys.argv[1]))
with running_database(settings, "up") as addresses:
    instance = json.loads((settings.data / "liuhen.lock").read_text())["instance"]
    publish_addresses(settings.run_folder, instance, ArchiveAddresses(addresses, "redis://b/", (), "http://127.0.0.1:1"))
    print("lent", flush=True)
    sys.stdin.read()
    (settings.run_folder / "addresses.json").unlink()
"""


def environment(data: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LIUHEN_")}
    return {**kept, "LIUHEN_DATA": str(data)}


def liuhen(data: Path, *words: str, stdin: str = "") -> Ran:
    return run_here(environment(data), *words, stdin=stdin)


def done(data: Path, *words: str, stdin: str = "") -> Any:
    ran = liuhen(data, *words, "--json", stdin=stdin)
    assert ran.code == 0, ran.stderr
    return json.loads(ran.stdout)


def refused(data: Path, code: int, *words: str) -> str:
    ran = liuhen(data, *words)
    assert ran.code == code, ran.stderr
    assert ran.stderr.count("\n") == 1
    return ran.stderr


@contextlib.contextmanager
def lending(data: Path) -> Iterator[None]:
    argv = [sys.executable, "-P", "-c", LENDER, str(data)]
    with subprocess.Popen(
        argv, env=environment(data), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as lender:
        assert lender.stdin is not None
        assert lender.stdout is not None
        assert lender.stdout.readline() == "lent\n"
        yield
        lender.stdin.close()
        assert lender.wait(SECONDS) == 0


def begin_archive(data: Path) -> Path:
    """As far as `liuhen up` first goes: its keys; the database and the rest are made by whatever needs them next."""
    create_keys(Settings(data=data))
    return data


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    data = begin_archive(tmp_path / "data")
    yield data
    assert list_in_folder(data / "postgres", find_binaries() / "postgres") == []
    left = {path.name for path in data.rglob("*") if not path.is_relative_to(data / "postgres")}
    assert not {"liuhen.lock", "addresses.json", "processes.json"} & left


@pytest.fixture(scope="module")
def lent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder whose database another process lends, as `liuhen up` does."""
    data = begin_archive(tmp_path_factory.mktemp("lent") / "data")
    assert done(data, "admin", "unit", "create", "第一大队", "--code", "D1")["code"] == "D1"
    with lending(data):
        yield data


def test_a_first_token_makes_the_unit_says_so_and_leaves_every_entry_in_place(data: Path) -> None:
    ran = liuhen(data, "admin", "token", "create", "--role", "supervisor", "--json")
    assert ran.code == 0, ran.stderr
    assert "本单位" in ran.stderr
    assert "root" in ran.stderr
    assert json.loads(ran.stdout)["token"].startswith("lha1.")
    status = done(data, "admin", "ledger", "status")
    assert status["waiting"] == 0
    # Five keys, the unit, the person and the token; each version of rules that the package brings: loaded, in force.
    shipped = list(Path(casework.__file__).parent.glob("*/shipped/**/*.yaml"))
    assert status["size"] == 8 + 2 * len(shipped)


def test_a_path_too_long_for_sockets_leaves_nothing_under_tmp(tmp_path: Path) -> None:
    data = begin_archive(tmp_path / ("long" * 30))
    done(data, "admin", "unit", "create", "第一大队", "--code", "D1")
    assert socket_folder(data) != data / "run"
    assert not socket_folder(data).exists()


def plain_commands(app: typer.Typer, *above: str) -> Iterator[tuple[str, ...]]:
    """Each command below `app` with the fewest words that get past its parser."""

    def walk(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for name, below in getattr(command, "commands", {}).items():
            yield from walk(below, (*words, name))
        if not hasattr(command, "commands"):
            said: list[str] = []
            for each in (each for each in command.params if each.required):
                option = [name for name in each.opts if name.startswith("-")]
                said += [*option, __file__ if each.name == "file" else "2026-03-04"]
            yield (*words, *said)

    yield from walk(typer.main.get_command(app), above)


@pytest.mark.parametrize("words", [*plain_commands(admin_app, "admin"), ("verify",)], ids=" ".join)
def test_no_command_makes_an_archive_in_a_folder_that_nobody_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """In the wrong folder it would give out keys, codes and tokens of an archive that nobody uses."""
    monkeypatch.chdir(tmp_path)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LIUHEN_")}
    ran = run_here(kept, *words)
    assert (ran.code, ran.stdout) == (2, "")
    assert f"{tmp_path / 'var'} 中没有档案系统；LIUHEN_DATA 未设置，缺省为当前目录下的 var" in ran.stderr
    assert "is not set, so it is var in the working folder; stand where `liuhen up` was started" in ran.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [("admin", "station", "list"), ("admin", "token", "list"), ("verify",)], ids=" ".join)
def test_looking_into_a_folder_without_an_archive_makes_none(tmp_path: Path, words: tuple[str, ...]) -> None:
    nowhere = tmp_path / "nowhere"
    line = refused(nowhere, 2, *words)
    assert f"{nowhere} 中没有档案系统；请核对 LIUHEN_DATA" in line
    assert f"there is no archive in {nowhere}: check LIUHEN_DATA" in line
    assert list(tmp_path.iterdir()) == []


def test_the_first_deed_in_a_folder_that_was_named_makes_the_archive_and_says_where(tmp_path: Path) -> None:
    data = tmp_path / "data"
    ran = liuhen(data, "admin", "station", "enrol", "东门站", "--json")
    assert ran.code == 0, ran.stderr
    assert json.loads(ran.stdout)["name"] == "东门站"
    assert f"新建档案系统，数据目录 / a new archive is made in: {data}" in ran.stderr
    again = liuhen(data, "admin", "station", "enrol", "西门站", "--json")
    assert again.code == 0, again.stderr
    assert "新建档案系统" not in again.stderr


def test_an_archive_that_starts_for_the_first_time_is_waited_for(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    with DataFolderLock.acquire(tmp_path, "up"):
        require_archive(settings)
    with DataFolderLock.acquire(tmp_path, "admin"), pytest.raises(ArchiveMissing):
        require_archive(settings)


def test_without_an_archive_the_database_has_no_addresses_unless_it_is_started(data: Path) -> None:
    assert "--start" in refused(data, 1, "admin", "database", "--json")
    argv = [sys.executable, "-P", "-m", "api.cli.main", "admin", "database", "--start", "--json"]
    with subprocess.Popen(
        argv, env=environment(data), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as started:
        assert started.stdout is not None
        text = ""
        while not text.endswith("}\n"):
            text += started.stdout.readline()
        for role, url in json.loads(text).items():
            with psycopg.connect(url) as connection:
                assert connection.execute("SELECT current_user").fetchone() == (f"liuhen_{role}",)
        started.send_signal(signal.SIGTERM)
        assert started.wait(SECONDS) == 0


def test_psql_takes_the_addresses_of_a_running_archive(lent: Path) -> None:
    addresses = done(lent, "admin", "database")
    assert set(addresses) == {"owner", "app", "worker", "sequencer"}
    for role, url in addresses.items():
        argv = [str(find_binaries() / "psql"), url, "-At", "-c", "SELECT current_user"]
        assert subprocess.run(argv, capture_output=True, text=True, check=True).stdout == f"liuhen_{role}\n"


def test_each_token_is_a_person_of_its_own_unless_bound_to_somebody(lent: Path) -> None:
    first, second = (done(lent, "admin", "token", "create", "--role", "supervisor") for _ in range(2))
    assert first["person_id"] != second["person_id"]
    assert first["role"] == second["role"] == "supervisor"
    words = ("--role", "auditor", "--name", "李四", "--sign-in-name", "lisi")
    person = done(lent, "admin", "person", "create", *words)
    bound = done(lent, "admin", "token", "create", "--person", "lisi", "--expires-hours", "2")
    assert (bound["person_id"], bound["role"]) == (person["person_id"], "auditor")
    assert bound["expires_at"]
    refused(lent, 2, "admin", "token", "create", "--person", "lisi", "--role", "officer")
    refused(lent, 2, "admin", "token", "create", "--person", "nobody")
    refused(lent, 2, "admin", "token", "create")


def test_a_revoked_token_is_revoked_once(lent: Path) -> None:
    made = done(lent, "admin", "token", "create", "--role", "officer")
    first = done(lent, "admin", "token", "revoke", made["token"])
    again = done(lent, "admin", "token", "revoke", made["token_id"])
    assert first == again
    assert first["revoked_at"]
    with psycopg.connect(done(lent, "admin", "database")["worker"]) as connection:
        entries = connection.execute(
            "SELECT count(*) FROM ledger_entry WHERE action = 'token.revoked' AND subject_id = %s", [made["person_id"]]
        ).fetchone()
    assert entries == (1,)
    listed = {each["token_id"]: each for each in done(lent, "admin", "token", "list")["items"]}
    assert listed[made["token_id"]]["revoked_at"] == first["revoked_at"]
    assert "token" not in listed[made["token_id"]]
    refused(lent, 2, "admin", "token", "revoke", "lha1.unknown")
    (line,) = [each for each in liuhen(lent, "admin", "token", "list").stdout.splitlines() if made["token_id"] in each]
    assert line.endswith("—  " + show_written(first["revoked_at"]))


def test_a_token_by_itself_goes_to_stdout_and_what_it_is_beside_it(lent: Path) -> None:
    ran = liuhen(lent, "admin", "token", "create", "--role", "auditor", "--name", "核对程序", "--expires-hours", "2")
    assert ran.stdout.startswith("lha1.")
    assert ran.stdout.count("\n") == 1
    assert "令牌，代表 核对程序（auditor），只显示这一次；有效期至" in ran.stderr
    assert "（北京时间 / UTC+8）" in ran.stderr


def test_a_password_is_read_or_made_and_only_its_hash_is_kept(lent: Path) -> None:
    words = ("admin", "person", "create", "--role", "officer", "--name", "王五")
    made = done(lent, *words, "--sign-in-name", "wangwu")
    given = done(lent, *words, "--sign-in-name", "wangwu2", "--password-stdin", stdin="correct horse\n")
    assert len(made["password"]) >= 20
    assert made["password"][0].isalnum()
    assert "password" not in given
    with psycopg.connect(done(lent, "admin", "database")["worker"]) as connection:
        rows = connection.execute("SELECT password_hash FROM person WHERE sign_in_name LIKE 'wangwu%'").fetchall()
    assert all(value.startswith("$argon2id$") for (value,) in rows)
    assert len(rows) == 2
    people = {each["sign_in_name"]: each for each in done(lent, "admin", "person", "list", "--unit", "D1")["items"]}
    assert people["wangwu"]["can_sign_in"]
    short = liuhen(lent, *words, "--sign-in-name", "wangwu3", "--password-stdin", stdin="short\n")
    assert short.code == 1
    assert "10" in short.stderr
    taken = refused(lent, 1, *words, "--sign-in-name", "wangwu")
    assert "已被使用" in taken
    assert "is taken" in taken


def test_a_forgotten_password_is_set_anew_and_ends_what_was_open_under_the_former_one(lent: Path) -> None:
    words = ("admin", "person", "create", "--role", "administrator", "--name", "赵六", "--sign-in-name", "zhaoliu")
    person = done(lent, *words)
    database = done(lent, "admin", "database")["worker"]
    with psycopg.connect(database) as connection:
        former = connection.execute(
            "SELECT password_hash, unit_id FROM person WHERE sign_in_name = 'zhaoliu'"
        ).fetchone()
        assert former is not None
        connection.execute(
            "INSERT INTO sign_in_session (id, unit_id, person_id, token_hash, csrf_token, expires_at)"
            " VALUES (gen_random_uuid(), %s, %s, decode(repeat('ab', 32), 'hex'), 'x', now() + interval '1 hour')",
            [former[1], person["person_id"]],
        )
        connection.execute(
            "INSERT INTO sign_in_failure (sign_in_name, address, failed_at) VALUES ('zhaoliu', '192.0.2.1', now())"
        )
    made = done(lent, "admin", "person", "password", "zhaoliu")
    given = done(lent, "admin", "person", "password", "zhaoliu", "--password-stdin", stdin="correct horse\n")
    assert len(made["password"]) >= 20
    assert made["password"][0].isalnum()
    assert "password" not in given
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT password_hash FROM person WHERE sign_in_name = 'zhaoliu'").fetchone()
        assert row is not None
        assert row[0].startswith("$argon2id$")
        assert row[0] != former[0]
        count = "SELECT count(*) FROM sign_in_session WHERE person_id = %s AND ended_at IS NULL"
        assert connection.execute(count, [person["person_id"]]).fetchone() == (0,)
        count = "SELECT count(*) FROM sign_in_failure WHERE sign_in_name = 'zhaoliu'"
        assert connection.execute(count).fetchone() == (0,)
        entries = connection.execute(
            "SELECT count(*) FROM ledger_entry WHERE action = 'person.password_set' AND subject_id = %s",
            [person["person_id"]],
        ).fetchone()
        assert entries == (2,)
    assert "没有用户名" in refused(lent, 2, "admin", "person", "password", "nobody")


def test_a_wrong_role_is_refused_in_both_languages(lent: Path) -> None:
    line = refused(lent, 2, "admin", "token", "create", "--role", "king")
    assert "不在可选范围内" in line
    assert "is none of" in line


def test_several_units_have_to_be_told_apart(data: Path) -> None:
    done(data, "admin", "unit", "create", "第一大队", "--code", "D1")
    with lending(data):
        assert done(data, "admin", "unit", "create", "第二大队", "--code", "D2", "--parent", "D1")["parent"] == "D1"
        listed = {each["code"]: each["parent"] for each in done(data, "admin", "unit", "list")["items"]}
        assert listed == {"D1": None, "D2": "D1"}
        assert "--unit" in refused(data, 2, "admin", "token", "create", "--role", "officer")
        assert done(data, "admin", "token", "create", "--role", "officer", "--unit", "D2")["role"] == "officer"
        refused(data, 2, "admin", "token", "create", "--role", "officer", "--unit", "D9")


def test_a_first_administrators_code_is_given_only_while_there_is_none(data: Path) -> None:
    code = done(data, "admin", "first-admin-code")
    assert len(code["code"].replace("-", "")) == 20
    assert "（北京时间 / UTC+8）" in liuhen(data, "admin", "first-admin-code").stdout
    words = ("--role", "administrator", "--name", "管理员", "--sign-in-name", "root")
    done(data, "admin", "person", "create", *words)
    assert "管理员" in refused(data, 2, "admin", "first-admin-code")


def test_a_station_is_enrolled_with_a_token_that_pins_the_receipt_key_and_revoked_once(
    lent: Path, tmp_path: Path
) -> None:
    ran = liuhen(lent, "admin", "station", "enrol", "三楼一号站", "--json")
    (tmp_path / "token.json").write_text(ran.stdout)
    (tmp_path / "token.json").chmod(0o600)
    token, facts = read_station_token(tmp_path / "token.json"), json.loads(ran.stdout)
    assert token.station_id == facts["station_id"]
    assert (facts["name"], facts["unit"]) == ("三楼一号站", "D1")
    shown = done(lent, "admin", "trust", str(tmp_path / "trust"))["fingerprints"]
    assert token.pinned_key_id in [each["sha256"] for each in shown if each["kind"] == "receipt"]
    assert "已被使用" in refused(lent, 1, "admin", "station", "enrol", "三楼一号站")
    assert done(lent, "admin", "station", "revoke", "三楼一号站")["revoked_at"]
    for deed in (("revoke",), ("code",), ("token",)):
        assert "另选名称" in refused(lent, 1, "admin", "station", *deed, "三楼一号站")
    assert "已被吊销，吊销不能撤回，名称也不能再用" in refused(lent, 1, "admin", "station", "enrol", "三楼一号站")
    refused(lent, 2, "admin", "station", "revoke", "四楼")
    assert [each["name"] for each in done(lent, "admin", "station", "list")["items"]] == ["三楼一号站"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("words", "answer", "revokes"),
    [((), "n\n", False), ((), "\n", False), ((), "y\n", True), (("--yes",), "", True), (("--json",), "", True)],
)
def test_revoking_asks_on_a_terminal_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], answer: str, revokes: bool
) -> None:
    revoked: list[str] = []
    monkeypatch.setattr("api.cli.admin_stations.revoke", lambda _, name: revoked.append(name) or {"name": name})
    monkeypatch.setattr(
        "api.cli.station_commands.open_for_command", lambda *_, **__: contextlib.nullcontext(MagicMock())
    )
    monkeypatch.setattr("tests.commands.io.StringIO", Terminal)
    ran = run_here({}, "admin", "station", "revoke", "一号站", *words, stdin=answer)
    assert revoked == (["一号站"] if revokes else [])
    assert (ran.code == 0) == revokes
    assert ("吊销后不可恢复，名称“一号站”也不能再用" in ran.stderr) == bool(answer)
    assert "revoke?" not in ran.stdout


def test_a_digest_that_nothing_has_is_not_found(lent: Path) -> None:
    ran = liuhen(lent, "admin", "recording", "find", "--sha256", "ab" * 32, "--wait", "0.5", "--json")
    assert ran.code == 1
    assert json.loads(ran.stdout) == {"recording_id": None, "state": "not_found", "sha256": "ab" * 32}
    assert "没有" in ran.stderr
    assert "--sha256" in refused(lent, 2, "admin", "recording", "find", "--sha256", "ab")


def test_uploads_in_trouble_are_listed_and_others_left_alone(lent: Path) -> None:
    assert done(lent, "admin", "upload", "list") == {"items": []}
    assert "无需处理" in refused(lent, 1, "admin", "upload", "retry", "0" * 32)
    assert "无需处理" in refused(lent, 1, "admin", "upload", "release", "0" * 32, "--reason", "重发")


def test_copies_that_failed_are_listed_and_tried_again_only_as_somebody_says(lent: Path) -> None:
    assert done(lent, "admin", "copies", "list") == {"items": []}
    assert done(lent, "admin", "copies", "retry", "--failed") == {"recordings": 0, "copies": 0, "items": []}
    assert "--failed" in refused(lent, 2, "admin", "copies", "retry")
    assert "没有编号为" in refused(lent, 2, "admin", "copies", "retry", "--recording", "0" * 32)


def test_the_trust_handed_over_is_one_the_verifier_loads(lent: Path, tmp_path: Path) -> None:
    shown = done(lent, "admin", "trust", str(tmp_path / "trust"))
    trust = load_trust(tmp_path / "trust")
    listed = {(each["kind"], each["label"]): each["sha256"] for each in shown["fingerprints"]}
    assert listed["manifest", "1"] == trust.manifest_keys[0].key.key_id
    assert liuhen(lent, "admin", "trust", str(tmp_path / "trust")).code == 1
    told = liuhen(lent, "admin", "trust", str(tmp_path / "again")).stdout.splitlines()
    assert len(told) == len(listed)
    assert f"清单密钥 / manifest key, epoch 1: {listed['manifest', '1']}" in told
    assert all(re.match("[一-鿿]+ / ", line) for line in told)


def test_a_command_leaves_the_sequencer_to_the_archive_that_runs(tmp_path: Path) -> None:
    """A command that took its lock while `liuhen up` starts would keep it from starting."""
    data = begin_archive(tmp_path / "data")
    done(data, "admin", "unit", "create", "甲", "--code", "A")
    with lending(data):
        assert done(data, "admin", "ledger", "status")["waiting"] == 0
        done(data, "admin", "unit", "create", "乙", "--code", "B")
        assert done(data, "admin", "ledger", "status")["waiting"] == 1
    assert done(data, "admin", "ledger", "status")["waiting"] == 0


def test_addresses_of_a_database_elsewhere_are_those_that_were_set(tmp_path: Path) -> None:
    settings = Settings(
        data=tmp_path,
        database_url="postgresql://a/",
        database_owner_url="postgresql://o/",
        database_worker_url="postgresql://w/",
        database_sequencer_url="postgresql://s/",
    )
    expected = DatabaseAddresses(
        owner="postgresql://o/", app="postgresql://a/", worker="postgresql://w/", sequencer="postgresql://s/"
    )
    assert running_addresses(settings) == expected
