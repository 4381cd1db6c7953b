"""The root of the command line: help in both languages, and what a person sees when a command fails."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from api.cli import main as root
from api.errors import StartFailed, UsageRefused
from integrity.errors import KeyFileExists


def liuhen(*words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-P", "-m", "api.cli.main", *words]
    return subprocess.run(argv, capture_output=True, text=True, timeout=120)


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> Callable[..., int]:
    """`run` with a command `up` that raises `error`."""
    from api.cli import up

    def raise_it() -> None:
        raise error

    monkeypatch.setattr(up, "up", raise_it)
    return lambda *words: root.run([*words, "up"])


def test_who_gives_verify_a_package_is_told_what_verifies_one() -> None:
    shown = liuhen("verify", "package.tar")
    assert shown.returncode == 2
    assert f"{sys.executable} -m integrity verify package.tar --trust DIR" in shown.stderr


def test_help_names_every_command_chinese_first() -> None:
    shown = liuhen("--help")
    assert shown.returncode == 0
    assert shown.stdout.index("执法音像记录") < shown.stdout.index("enforcement footage")
    for name in root.COMMANDS + root.GROUPS:
        assert f"│ {name} " in shown.stdout


def test_one_command_does_not_pay_for_the_others() -> None:
    script = "import sys; from api.cli import main; main.run(['tsa', '--help']); print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    for heavy in ("'sqlalchemy'", "'celery'", "'pydantic_settings'", "'cryptography'"):
        assert heavy not in loaded


def test_no_command_of_an_operator_pays_for_the_web_framework_or_the_task_queue() -> None:
    modules = [f"api.cli.{path.stem}" for path in Path(root.__file__).parent.glob("*.py")]
    modules = [name for name in modules if name.rpartition(".")[2] not in ("http", "worker", "beat")]
    modules += ["api.export", "api.trust_folder", "api.verification"]
    script = f"import importlib, sys; [importlib.import_module(name) for name in {modules}]; print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert "'api.cli.admin_people'" in loaded
    for heavy in ("'fastapi'", "'starlette'", "'uvicorn'", "'celery'"):
        assert heavy not in loaded


@pytest.mark.parametrize("words", [("nonsense",), ("up", "--nonsense"), ("worker",)])
def test_a_wrong_command_line_is_exit_2(words: tuple[str, ...]) -> None:
    assert liuhen(*words).returncode == 2


def test_a_useless_argument_is_one_line(tmp_path: Path) -> None:
    done = liuhen("tsa", "--address", "198.51.100.1:1", "--folder", str(tmp_path / "tsa"))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "loopback" in done.stderr


def test_our_own_errors_are_a_message_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    exists = KeyFileExists("/srv/keys/ledger.key", "it is never written over")
    assert failing(monkeypatch, exists)() == 1
    assert capsys.readouterr().err == f"密钥文件 /srv/keys/ledger.key 已存在，不会被覆盖 / {exists}\n"
    assert failing(monkeypatch, UsageRefused("不行", "no"))() == 2
    assert capsys.readouterr().err == "不行 / no\n"
    lost = StartFailed(("队列", "broker"), ("已退出", "it ended"), tmp_path / "valkey.log", ["out of memory"])
    assert failing(monkeypatch, lost)() == 1
    assert capsys.readouterr().err.splitlines()[1:] == ["  | out of memory"]


def test_an_unexpected_error_shows_its_traceback_on_demand(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = failing(monkeypatch, ZeroDivisionError("by zero"))
    assert run() == 1
    brief = capsys.readouterr()
    assert "ZeroDivisionError: by zero" in brief.err
    assert "--verbose" in brief.err
    assert "Traceback" not in brief.err
    assert brief.out == ""
    assert run("--verbose") == 1
    assert "Traceback" in capsys.readouterr().err
