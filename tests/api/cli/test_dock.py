"""`liuhen dock` as a process: killed, resumed, and what it prints and exits with."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from api.cli.dock_report import PASSED_OVER, print_table
from ingest.dock.agent import DockResult
from ingest.dock.folder import Listing

COMMAND = [sys.executable, "-c", "import typer; from api.cli.dock import dock; typer.run(dock)"]
ROOT = Path(__file__).parents[3]


def _small_archive() -> Any:
    """The small archive of the agent's own tests."""
    spec = importlib.util.spec_from_file_location("small_archive", ROOT / "tests/ingest/dock/conftest.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.SmallArchive()


@pytest.fixture
def archive() -> Iterator[Any]:
    archive = _small_archive()
    archive.start()
    yield archive
    if archive.server is not None:
        archive.stop()


@pytest.fixture
def command(archive: Any, tmp_path: Path) -> list[str]:
    (tmp_path / "card").mkdir()
    token = {"token": archive.token.text, "station_id": str(archive.station_id)}
    (tmp_path / "token").touch(0o600)
    (tmp_path / "token").write_text(json.dumps(token))
    return [
        *COMMAND,
        str(tmp_path / "card"),
        *("--station-token-file", str(tmp_path / "token")),
        *("--url", archive.url),
        *("--state", str(tmp_path / "notes")),
        *("--give-up-after", "10"),
    ]


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60)


def _events(lines: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines]


def test_killed_agent_resumes_and_everything_is_received(archive: Any, command: list[str], tmp_path: Path) -> None:
    content = {name: os.urandom(2 << 20) for name in ("a.mp4", "b.mp4")}
    for name, data in content.items():
        (tmp_path / "card" / name).write_bytes(data)
    total_bytes = sum(map(len, content.values()))
    with subprocess.Popen([*command, "--limit-rate", "1"], stdout=subprocess.PIPE, text=True, cwd=ROOT) as agent:
        assert agent.stdout is not None
        for line in agent.stdout:
            event = json.loads(line)
            if event["event"] == "progress" and event["total_sent_bytes"] >= 0.3 * total_bytes:
                agent.send_signal(signal.SIGKILL)
                break
    archive.wait_until_all_hung_up()
    before = sum(len(upload.content) for upload in archive.uploads.values())
    assert 0.2 * total_bytes <= before < total_bytes

    again = _run(command)
    events = _events(again.stdout.splitlines())
    assert again.returncode == 0, again.stderr
    assert sum(event["offset"] for event in events if event["event"] == "upload") == before
    assert sorted(bytes(upload.content) for upload in archive.uploads.values()) == sorted(content.values())
    summary = events[-1]
    assert (summary["event"], summary["received"], summary["left"]) == ("summary", 2, 0)
    assert all(file["state"] == "received" and file["recording_id"] for file in summary["files"])


def test_wiped_folder_is_empty_and_exit_code_is_zero(archive: Any, command: list[str], tmp_path: Path) -> None:
    (tmp_path / "card" / "a.mp4").write_bytes(b"x" * 1000)
    done = _run([*command, "--wipe"])
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "card").iterdir()) == []
    assert _events(done.stdout.splitlines())[-1]["wiped"] == 1


def test_empty_file_is_told_as_what_it_is_and_not_among_what_is_no_footage(capsys: pytest.CaptureFixture[str]) -> None:
    result = DockResult((), ("a.mp4", "b"), {"a.mp4": "empty", "b": "hidden"})
    print_table(Console(width=200), result)
    lines = capsys.readouterr().out.splitlines()
    assert "空文件 1 个，没有内容可上传，留在原处 / empty (1), nothing to send, left where they are: a.mp4" in lines
    assert "隐藏项 1 个，未上传 / hidden (1), not sent: b" in lines


def test_a_link_is_called_a_link_that_is_not_followed(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "elsewhere.mp4").write_bytes(b"x")
    (tmp_path / "card" / "link.mp4").symlink_to(tmp_path / "elsewhere.mp4")
    code, shown = _run_on_a_terminal(command, 200)
    assert code == 0
    assert (
        "链接 1 个，不跟随，所指的文件未上传 / links (1), not followed: what they point to is not sent: link.mp4"
    ) in shown.replace("\r\n", "")
    assert "not footage" not in shown


def test_every_reason_to_pass_over_has_its_words() -> None:
    """As `Listing` has them."""
    reasons = ("link", "hidden", "system", "temporary", "special", "empty", "loop", "other volume")
    assert set(reasons) == set(PASSED_OVER)
    assert all(reason in (Listing.__doc__ or "") for reason in reasons)


def test_footage_that_lies_too_deep_is_left_and_exits_1(archive: Any, command: list[str], tmp_path: Path) -> None:
    deep = "/".join(["d"] * 32)
    (tmp_path / "card" / deep).mkdir(parents=True)
    (tmp_path / "card" / deep / "a.mp4").write_bytes(b"x")
    (tmp_path / "card" / "b.mp4").write_bytes(b"y")
    done = _run(command)
    assert done.returncode == 1
    summary = _events(done.stdout.splitlines())[-1]
    assert (summary["complete"], summary["received"], summary["left"]) == (False, 1, 1)
    left = next(file for file in summary["files"] if file["kind"])
    assert (left["file"], left["state"], left["kind"]) == (deep, "left", "FolderTooDeep")
    assert "未查看" in left["reason"]["zh"]


def test_refused_credential_exits_1_in_both_languages(archive: Any, command: list[str], tmp_path: Path) -> None:
    (tmp_path / "card" / "a.mp4").write_bytes(b"x")
    archive.secret = "n" * 43
    done = _run(command)
    assert done.returncode == 1
    assert "拒绝本站" in done.stderr
    assert "refused this station" in done.stderr


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--station-token-file", "nowhere", "凭证文件"),
        ("--url", "ftp://example", "地址"),
        ("--archive-key", "nowhere", "密钥文件"),
        ("--ca-file", "nowhere", "密钥文件"),
        ("--parallel", "0", "parallel"),
    ],
)
def test_misuse_exits_2(command: list[str], option: str, value: str, words: str) -> None:
    done = _run([*command, option, value])
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("option", "zh"),
    [
        ("--archive-key", "其中没有可用的公钥（PEM）"),
        ("--ledger-key", "其中没有账本公钥（vkey）"),
        ("--ca-file", "其中没有根证书（PEM）"),
    ],
)
def test_file_that_holds_something_else_is_told_what_it_should_hold(
    command: list[str], tmp_path: Path, option: str, zh: str
) -> None:
    done = _run([*command, option, str(tmp_path / "token")])
    assert done.returncode == 2
    assert f"密钥文件 {tmp_path / 'token'} 不可用：{zh} / " in done.stderr


def test_empty_folder_says_so_in_a_sentence(archive: Any, command: list[str]) -> None:
    done = _run(command)
    assert done.returncode == 0
    assert "文件夹中没有录像" in done.stderr
    assert _events(done.stdout.splitlines())[-1]["event"] == "summary"


def test_a_wrong_token_file_is_explained_in_chinese_first(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "token").write_text("not a token")
    done = _run(command)
    assert done.returncode == 2
    assert "其中没有 lhs1. 开头的完整凭证" in done.stderr.partition(" / ")[0]


def test_a_token_that_others_can_read_is_refused_with_what_to_do(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "token").chmod(0o640)
    done = _run(command)
    assert done.returncode == 2
    chinese, _, english = done.stderr.partition(" / ")
    assert f"chmod 600 {tmp_path / 'token'}" in chinese
    assert "mode 0640 lets others read the station's token; run: chmod 600" in english


def test_lines_keep_chinese_names_and_names_that_are_no_text(archive: Any, command: list[str], tmp_path: Path) -> None:
    (tmp_path / "card" / "执法.mp4").write_bytes(b"x")
    (tmp_path / "card" / os.fsdecode(b"\xff.mp4")).write_bytes(b"y")
    done = _run(command)
    assert "执法.mp4" in done.stdout
    names = {file["file"] for file in _events(done.stdout.splitlines())[-1]["files"]}
    assert names == {"执法.mp4", os.fsdecode(b"\xff.mp4")}


def test_missing_folder_exits_2(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "card").rmdir()
    done = _run(command)
    assert done.returncode == 2
    assert "文件夹" in done.stderr


def test_archive_that_never_answers_is_told_to_person_and_program(archive: Any, command: list[str]) -> None:
    archive_url = archive.url
    archive.stop()
    done = _run([*command, "--give-up-after", "1"])
    assert done.returncode == 1
    stopped = _events(done.stdout.splitlines())[-1]
    assert (stopped["event"], stopped["kind"]) == ("stopped", "NoProgress")
    assert (
        f"秒内无进展（连不上档案系统 {archive_url}：对方拒绝连接，服务可能未运行；它可能未开机或正在重启，"
        "长时间如此请核对地址）；再次运行即从断点继续" in stopped["reason"]["zh"]
    )
    assert f"no connection to the archive at {archive_url} (" in stopped["reason"]["en"]
    assert "): it may be off or starting; if that lasts, check the address" in stopped["reason"]["en"]
    assert done.stderr == f"{stopped['reason']['zh']} / {stopped['reason']['en']}\n"


def test_the_address_that_is_taken_where_none_was_given_is_named(command: list[str]) -> None:
    at = command.index("--url")
    done = _run([*command[:at], *command[at + 2 :], "--give-up-after", "1", "--archive-key", "nowhere"])
    assert done.stderr.startswith("未给出档案系统地址（--url），取默认的 http://127.0.0.1:8000 / no address")


def test_a_path_behind_the_address_is_no_impostor(archive: Any, command: list[str], tmp_path: Path) -> None:
    done = _run([*command, "--url", f"{archive.url}/wrong"])
    assert done.returncode == 1
    assert f"{archive.url}/wrong 有应答，但不是留痕档案系统（HTTP 401）" in done.stderr
    assert "通常只写到主机和端口" in done.stderr


def test_term_ends_it_in_order_with_a_summary(archive: Any, command: list[str], tmp_path: Path) -> None:
    (tmp_path / "card" / "a.mp4").write_bytes(os.urandom(3 << 20))
    with subprocess.Popen([*command, "--limit-rate", "1"], stdout=subprocess.PIPE, text=True, cwd=ROOT) as agent:
        assert agent.stdout is not None
        lines = []
        for line in agent.stdout:
            lines.append(line)
            if json.loads(line)["event"] == "progress" and agent.poll() is None:
                agent.terminate()
                break
        lines += agent.stdout.readlines()
    assert agent.returncode == 1
    summary = json.loads(lines[-1])
    assert summary["stopped"]["kind"] == "Interrupted"
    assert summary["stopped"]["reason"]["zh"].startswith("已按要求停止")
    assert summary["files"][0]["reason"] == summary["stopped"]["reason"]
    assert not summary["complete"]


def test_reader_that_goes_away_changes_nothing(archive: Any, command: list[str], tmp_path: Path) -> None:
    (tmp_path / "card" / "a.mp4").write_bytes(b"x" * 1000)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as agent:
        assert agent.stdout is not None
        agent.stdout.close()
    assert agent.returncode == 0
    assert archive.sealed_names() == ["a.mp4"]


def _run_on_a_terminal(command: list[str], columns: int) -> tuple[int, str]:
    """The exit code and what was shown."""
    parent, child = os.openpty()
    sized = {**os.environ, "COLUMNS": str(columns)}
    with subprocess.Popen(command, stdout=child, stderr=child, cwd=ROOT, env=sized) as agent:
        os.close(child)
        shown = b""
        try:
            while piece := os.read(parent, 65536):
                shown += piece
        except OSError:
            pass  # How a terminal says that its other end is closed.
        finally:
            os.close(parent)
    return agent.returncode, shown.decode()


def test_wide_terminal_sees_bars_and_a_table(archive: Any, command: list[str], tmp_path: Path) -> None:
    (tmp_path / "card" / "a.mp4").write_bytes(b"x" * 1000)
    code, shown = _run_on_a_terminal(command, 200)
    assert code == 0
    assert "合计 / total" in shown
    assert "已收讫 / received" in shown
    assert "┳" in shown


def test_narrow_terminal_sees_names_digests_and_times_whole(archive: Any, command: list[str], tmp_path: Path) -> None:
    names = [f"执法记录仪_DSJ-01234567_20261128_093000_街面巡查_{number:04}.mp4" for number in (1, 2)]
    for name in names:
        (tmp_path / "card" / name).write_bytes(name.encode())
    code, shown = _run_on_a_terminal(command, 80)
    assert code == 0
    lines = "".join(shown.splitlines())
    for name in names:
        assert name in lines
        assert f"SHA-256 {hashlib.sha256(name.encode()).hexdigest()}" in lines
    assert lines.count("时间戳 / token time 20") == lines.count("（北京时间 / UTC+8），账本 / ledger ") == 2
    assert "…" not in lines.rpartition("合计")[2].partition("已收讫")[2]


def test_single_run_sums_up_says_what_was_there_before_and_where_the_receipts_are(
    archive: Any, command: list[str], tmp_path: Path
) -> None:
    receipts = tmp_path / "notes" / "receipts"
    (tmp_path / "card" / "a.mp4").write_bytes(b"x")
    code, shown = _run_on_a_terminal(command, 1000)
    assert code == 0
    assert "合计：收讫 1，删除 0，留下 0 / total: received 1, wiped 0, left 0" in shown
    assert f"回执存放在 {receipts} / receipts are kept in {receipts}" in shown
    assert len(list(receipts.iterdir())) == 1

    (tmp_path / "card" / "b.mp4").write_bytes(b"y")
    archive.change_receipt = lambda receipt: dataclasses.replace(receipt, repeat=True)
    code, shown = _run_on_a_terminal(command, 1000)
    assert code == 0
    assert "此前已收讫 / received before" in shown
    assert "已收讫，与已有记录相同 / received, known already" in shown
    assert (
        "合计：收讫 2（其中 1 个此前已收讫，1 个与已有记录相同，未重复保存），删除 0，留下 0 / "
        "total: received 2 (1 by an earlier run, 1 known to the archive already, not stored twice), wiped 0, left 0"
    ) in shown.replace("\r\n", " ").replace("  ", " ")


def test_refusal_on_a_terminal_is_its_sentence_alone(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "token").write_text("not a token")
    code, shown = _run_on_a_terminal(command, 80)
    assert code == 2
    assert shown.startswith("凭证文件")
    assert "\x1b" not in shown


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/usr/bin/setpriv").exists(), reason="root removes what it likes")
def test_card_that_may_not_be_written_to_says_so_once_and_what_to_do(
    archive: Any, command: list[str], tmp_path: Path
) -> None:
    (tmp_path / "card" / "a.mp4").write_bytes(b"x")
    (tmp_path / "card").chmod(0o555)
    powerless = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    code, shown = _run_on_a_terminal([*powerless, *command, "--wipe"], 400)
    told = _run([*powerless, *command, "--wipe", "--json"])
    (tmp_path / "card").chmod(0o755)
    assert code == told.returncode == 1
    assert "已收讫，未能删除 / received, not removed" in shown
    assert hashlib.sha256(b"x").hexdigest()[:16] in shown
    summary = _events(told.stdout.splitlines())[-1]
    assert (summary["received"], summary["wiped"], summary["left"]) == (1, 0, 1)
    assert summary["files"][0]["sha256"] == hashlib.sha256(b"x").hexdigest()
    (sentence,) = (line for line in shown.splitlines() if "无法删除" in line)
    assert sentence.startswith("a.mp4 已收讫，但无法删除：没有权限；回执已保存。请解除写保护")
    assert (tmp_path / "card" / "a.mp4").exists()


@pytest.fixture
def config(archive: Any, command: list[str], tmp_path: Path) -> Path:
    """A configuration that watches the card; `command` made the card and the token."""
    path = tmp_path / "dock.toml"
    path.write_text(
        f'url = "{archive.url}"\nstation_token_file = "token"\nstate = "notes"\nfolders = ["card"]\nwipe = true\n'
        'poll_seconds = 0.1\nsettle_seconds = 0.2\nlimits = ["00:00-00:00 20 MiB/s"]\n[marks]\nnames = ["zj-*"]\n'
    )
    return path


def test_configured_agent_watches_until_term_and_ends_well(archive: Any, config: Path, tmp_path: Path) -> None:
    (tmp_path / "card" / "zj-a.mp4").write_bytes(b"x" * 1000)
    command = [*COMMAND, "--config", str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as agent:
        assert agent.stdout is not None
        events = []
        for line in agent.stdout:
            events.append(json.loads(line))
            if events[-1]["event"] == "wiped":
                agent.terminate()
    assert agent.returncode == 0
    kinds = [event["event"] for event in events]
    assert kinds.index("source_found") < kinds.index("folder") < kinds.index("receipt") < kinds.index("wiped")
    assert next(event for event in events if event["event"] == "upload")["marked"]
    assert (events[-1]["event"], events[-1]["received"], events[-1]["wiped"]) == ("summary", 1, 1)
    assert list((tmp_path / "card").iterdir()) == []


def test_a_watching_agent_tells_a_terminal_of_each_file_and_sums_up(archive: Any, config: Path, tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / "card" / name).write_bytes(name.encode())
    parent, child = os.openpty()
    sized = {**os.environ, "COLUMNS": "120"}
    command = [*COMMAND, "--config", str(config)]
    with subprocess.Popen(command, stdout=child, stderr=child, cwd=ROOT, env=sized) as agent:
        os.close(child)
        shown, asked = b"", False
        try:
            while piece := os.read(parent, 65536):
                shown += piece
                if shown.count("已收讫并删除 / received, wiped: ".encode()) == 2 and not asked:
                    asked = True
                    agent.send_signal(signal.SIGINT)
        except OSError:
            pass  # How a terminal says that its other end is closed.
        finally:
            os.close(parent)
    assert agent.returncode == 0
    text = shown.decode()
    for name in ("a.mp4", "b.mp4"):
        assert text.count(f"已收讫并删除 / received, wiped: card/{name}") == 1
    assert "合计：收讫 2，删除 2，留下 0 / total: received 2, wiped 2, left 0" in text


def test_second_agent_on_the_same_notes_is_refused_with_the_reason(archive: Any, config: Path) -> None:
    command = [*COMMAND, "--config", str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as agent:
        assert agent.stdout is not None
        agent.stdout.readline()
        second = _run(command)
        agent.terminate()
    assert second.returncode == 1
    card = config.parent / "card"
    assert f"另一个上传程序（进程 {agent.pid}）正在处理 {card}" in second.stderr
    assert f"another agent (process {agent.pid}) works on {card}" in second.stderr
    assert agent.returncode == 0


def test_configuration_that_cannot_be_followed_exits_2_in_both_languages(command: list[str], tmp_path: Path) -> None:
    path = tmp_path / "dock.toml"
    path.write_text('station_token_file = "token"\nfolders = ["card"]\nlimit = 3\n')
    done = _run([*COMMAND, "--config", str(path)])
    assert done.returncode == 2
    assert "配置文件" in done.stderr
    assert "limit: is not known here" in done.stderr
    assert "limit：不认识这个成员，请核对拼写" in done.stderr
    assert "Traceback" not in done.stderr


def test_unit_runs_this_configuration_with_nothing_more_than_it_needs(config: Path, tmp_path: Path) -> None:
    done = _run([*COMMAND, "--config", str(config), "--print-unit"])
    assert done.returncode == 0, done.stderr
    assert f"dock --config {config} --json\n" in done.stdout
    assert f"ReadWritePaths=-{tmp_path / 'card'}\n" in done.stdout
    for line in ("ProtectSystem=strict", "NoNewPrivileges=yes", "CapabilityBoundingSet=CAP_LEASE", "User=liuhen-dock"):
        assert f"{line}\n" in done.stdout


def test_folder_and_configuration_together_are_refused(command: list[str], config: Path) -> None:
    done = _run([*command, "--config", str(config)])
    assert done.returncode == 2
    assert "--config" in done.stderr


def test_a_limit_by_the_hour_is_followed(archive: Any, command: list[str], tmp_path: Path) -> None:
    import time

    for name in ("a.mp4", "b.mp4"):
        (tmp_path / "card" / name).write_bytes(b"x" * (1 << 20))
    began = time.monotonic()
    done = _run([*command, "--limit", "00:00-00:00 1 MiB/s"])
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - began >= 1.5


def test_two_credentials_are_two_and_none_is_missing(command: list[str], tmp_path: Path) -> None:
    done = _run([*command, "--station-key-file", str(tmp_path / "key")])
    assert done.returncode == 2
    assert "给出了两个工作站凭证" in done.stderr
    assert "缺少" not in done.stderr


def test_configured_folder_that_is_not_there_is_warned_of_and_not_complete(config: Path, tmp_path: Path) -> None:
    config.write_text(config.read_text().replace('["card"]', '["没有这个"]'))
    with subprocess.Popen([*COMMAND, "--config", str(config)], stdout=subprocess.PIPE, text=True, cwd=ROOT) as agent:
        assert agent.stdout is not None
        events = []
        for line in agent.stdout:
            events.append(json.loads(line))
            if events[-1]["event"] == "source_missing":
                agent.terminate()
    missing = str(tmp_path / "没有这个")
    (told,) = (event for event in events if event["event"] == "source_missing")
    assert told["path"] == missing
    assert told["reason"] == {"en": "no such file or directory", "zh": "没有这个文件或目录"}
    assert (events[-1]["complete"], events[-1]["unwatched"]) == (False, [missing])
    assert agent.returncode == 0


def test_unit_of_a_program_in_a_home_warns_beside_the_unit(config: Path, tmp_path: Path) -> None:
    script = "import sys, typer; sys.argv[0] = '/home/li/bin/liuhen'; from api.cli.dock import dock; typer.run(dock)"
    done = _run([sys.executable, "-c", script, "--config", str(config), "--print-unit"])
    assert done.returncode == 0
    assert "ProtectHome=read-only\n" in done.stdout
    assert "警告：/home/li/bin/liuhen 在用户主目录之下" in done.stderr
    assert "警告" not in done.stdout
