"""Supervision with small real programs: order, restarts, deadlines, and nothing left when it ends."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from api.engines import watched as watched_module
from api.engines.launch import Launch
from api.engines.process import ProcessIdentity, list_with_marker
from api.engines.readiness import has_announced
from api.engines.run_record import INSTANCE_VARIABLE, ProcessRecord, end_leftovers
from api.engines.signals import StopSignals
from api.engines.supervise import Answer, Begin, Stage, Step, StopRequested, Supervisor
from api.engines.watched import ChildSpec
from api.errors import NotReady, StartFailed

PROGRAM = Path(__file__).with_name("small_child.py")
INSTANCE = os.environ.setdefault("INSTANCE_OF_SUPERVISE_TEST", secrets.token_hex(8))
"""Of this process and those it starts: what another run of these tests left, or has beside, is none of its heirs."""


def child(
    folder: Path, name: str, behaviour: str = "steady", *, deadline: float = 60.0, stop: float = 5.0
) -> ChildSpec:
    ready_file = folder / f"{name}.ready"
    launch = Launch(
        argv=(sys.executable, "-I", "-S", str(PROGRAM), behaviour, str(ready_file)),
        log_path=folder / "log" / f"{name}.log",
        environment={"PATH": "/usr/bin:/bin"},
        stop_steps=((signal.SIGTERM, stop),),
    )
    return ChildSpec(
        name,
        f"部件 {name}",
        f"part {name}",
        lambda: launch,
        lambda pid: has_announced(ready_file, pid),
        lambda: ready_file.unlink(missing_ok=True),
        deadline,
    )


def heirs() -> list[ProcessIdentity]:
    return list_with_marker(f"{INSTANCE_VARIABLE}={INSTANCE}".encode())


class Run:
    """A supervisor in this process, and what it said."""

    def __init__(self, folder: Path, stages: list[Stage], signals: StopSignals) -> None:
        self.lines: list[str] = []
        self.folder = folder
        self.supervisor = Supervisor(stages, ProcessRecord(folder, INSTANCE), signals, self.lines.append)

    def pid_of(self, name: str) -> int:
        return int((self.folder / f"{name}.ready").read_text())

    def watch_while(self, action: Callable[[], None]) -> None:
        """Watch as `liuhen up` does, until `action` is through."""

        def act_and_end() -> None:
            try:
                action()
            finally:
                os.kill(os.getpid(), signal.SIGTERM)

        thread = threading.Thread(target=act_and_end)
        thread.start()
        self.supervisor.watch()
        thread.join()


def announced(folder: Path, name: str) -> int:
    """The pid that last said to be ready, or 0: between two of them the file is away, and for a moment empty."""
    with suppress(FileNotFoundError):
        return int((folder / f"{name}.ready").read_text() or 0)
    return 0


@contextmanager
def supervised(folder: Path, stages: list[Stage]) -> Iterator[Run]:
    with StopSignals() as signals:
        run = Run(folder, stages, signals)
        try:
            run.supervisor.start()
            yield run
        finally:
            run.supervisor.stop()
    assert heirs() == []


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_stages_start_in_order_and_steps_run_between(tmp_path: Path) -> None:
    seen: list[list[bool]] = []

    def look() -> None:
        seen.append([(tmp_path / f"{name}.ready").exists() for name in ("first", "second", "third")])

    stages: list[Stage] = [
        (child(tmp_path, "first"), child(tmp_path, "second")),
        Step("一步", "a step", look),
        (child(tmp_path, "third"),),
    ]
    with supervised(tmp_path, stages) as run:
        assert seen == [[True, True, False]]
        assert len(run.lines) == 4
        assert run.lines[2].startswith("✓ 一步 / a step")
        assert len(heirs()) == 3
    assert not (tmp_path / "processes.json").exists()


def test_what_takes_long_begins_early_and_is_waited_for_where_it_is_needed(tmp_path: Path) -> None:
    slow = child(tmp_path, "slow")
    began: list[bool] = []
    stages: list[Stage] = [
        Begin(slow),
        Step("一步", "a step", lambda: began.append(len(heirs()) == 1)),
        (child(tmp_path, "other"),),
        (slow,),
    ]
    with supervised(tmp_path, stages) as run:
        assert began == [True]
        assert [line.split(" / ")[1].split("  ")[0] for line in run.lines] == ["a step", "part other", "part slow"]
        assert len(heirs()) == 2


def test_what_is_not_needed_is_told_when_it_fails_and_holds_nothing_up(tmp_path: Path) -> None:
    failing = replace(child(tmp_path, "failing", "fails"), needed=False)
    with supervised(tmp_path, [Begin(failing), (failing,), (child(tmp_path, "other"),)]) as run:
        assert any(line.startswith("! 部件 failing") for line in run.lines)
        assert run.lines[-1].startswith("✓ 部件 other")


def test_what_dies_while_later_stages_start_is_started_again(tmp_path: Path) -> None:
    killed: list[int] = []

    def kill_first() -> None:
        killed.append(int((tmp_path / "first.ready").read_text()))
        os.kill(killed[0], signal.SIGKILL)

    def first_is_another(pid: int) -> bool:
        return announced(tmp_path, "first") not in (0, killed[0])

    second = replace(child(tmp_path, "second"), is_ready=first_is_another)
    stages: list[Stage] = [(child(tmp_path, "first"),), Step("中断", "interrupt", kill_first), (second,)]
    with supervised(tmp_path, stages) as run:
        assert run.pid_of("first") != killed[0]
        assert any("已恢复" in line for line in run.lines)


def test_what_dies_before_all_have_answered_together_is_started_again(tmp_path: Path) -> None:
    asked: list[int] = []

    def refusal() -> Exception | None:
        asked.append(announced(tmp_path, "only"))
        if len(asked) == 1:
            os.kill(asked[0], signal.SIGKILL)
        return None if asked[-1] not in (0, asked[0]) else NotReady("http://127.0.0.1:1/readyz", 503, "")

    stages: list[Stage] = [(child(tmp_path, "only"),), Answer("整体", "the whole", refusal, 60.0)]
    with supervised(tmp_path, stages) as run:
        assert run.pid_of("only") not in (0, asked[0])
        assert run.lines[-1].startswith("✓ 整体 / the whole")


def test_an_answer_that_does_not_come_fails_the_start_with_its_last_refusal(tmp_path: Path) -> None:
    refusals = iter(NotReady("http://127.0.0.1:1/readyz", 503, f"answer {number}") for number in range(1000))
    stages: list[Stage] = [(child(tmp_path, "only"),), Answer("整体", "the whole", lambda: next(refusals), 0.2)]
    with pytest.raises(NotReady) as raised, supervised(tmp_path, stages):
        pass
    assert raised.value.detail[0] != "answer 0"


def test_a_child_that_is_killed_starts_again(tmp_path: Path) -> None:
    with supervised(tmp_path, [(child(tmp_path, "worker"), child(tmp_path, "other"))]) as run:
        first, other = run.pid_of("worker"), run.pid_of("other")

        def kill_and_wait() -> None:
            os.kill(first, signal.SIGKILL)
            wait_until(lambda: any("已恢复" in line for line in run.lines))

        run.watch_while(kill_and_wait)
        assert run.pid_of("worker") != first
        assert run.pid_of("other") == other
        assert any("SIGKILL" in line and "part worker" in line for line in run.lines)


def test_a_child_that_keeps_failing_is_tried_more_slowly_and_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched_module, "_FIRST_PAUSE_SECONDS", 0.05)
    with supervised(tmp_path, [(child(tmp_path, "worker"),)]) as run:
        # From now on whatever is launched under this name fails at once.
        failing = child(tmp_path, "worker", "fails")
        run.supervisor._started[0][0].spec = failing

        def kill_and_wait() -> None:
            os.kill(run.pid_of("worker"), signal.SIGKILL)
            wait_until(lambda: any("on fire" in line for line in run.lines))

        run.watch_while(kill_and_wait)
        pauses = [line.rsplit(" in ", 1)[1] for line in run.lines if line.startswith("!")]
        assert pauses[:3] == ["0.05 s", "0.1 s", "0.2 s"]
        assert any("failed 3 times in a row" in line for line in run.lines)


def test_a_child_that_fails_at_first_start_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(StartFailed, match="ended with status 1") as failure:
        with supervised(tmp_path, [(child(tmp_path, "good"),), (child(tmp_path, "bad", "fails"),)]):
            pass
    assert failure.value.detail[-1] == "the disk of this child is on fire"
    assert heirs() == []


def test_a_program_that_does_not_exist_is_named(tmp_path: Path) -> None:
    launch = Launch(("/nonexistent/program",), tmp_path / "log" / "ghost.log")
    spec = ChildSpec("ghost", "无", "ghost", lambda: launch, lambda pid: False)
    with pytest.raises(StartFailed) as failure, supervised(tmp_path, [(spec,)]):
        pass
    assert "cannot run /nonexistent/program" in failure.value.detail[-1]


def test_a_child_that_stays_silent_misses_its_deadline(tmp_path: Path) -> None:
    with pytest.raises(StartFailed, match=r"does not answer within 0\.3 s"):
        with supervised(tmp_path, [(child(tmp_path, "mute", "silent", deadline=0.3),)]):
            pass
    assert heirs() == []


def test_a_child_deaf_to_term_is_killed_in_the_end(tmp_path: Path) -> None:
    # Left alone it would outlast the test's own time.
    with supervised(tmp_path, [(child(tmp_path, "deaf", "deaf", stop=0.3),)]):
        assert len(heirs()) == 1


def test_grandchildren_end_too_wherever_they_went(tmp_path: Path) -> None:
    with supervised(tmp_path, [(child(tmp_path, "parent", "parent"),)]):
        assert len(heirs()) == 3


def test_a_child_this_process_had_before_is_left_alone(tmp_path: Path) -> None:
    other = subprocess.Popen(["sleep", "60"])
    try:
        with supervised(tmp_path, [(child(tmp_path, "worker"),)]):
            pass
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_signal_during_the_start_ends_it(tmp_path: Path) -> None:
    def interrupt() -> None:
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(StopRequested):
        with supervised(
            tmp_path, [(child(tmp_path, "first"),), Step("中断", "interrupt", interrupt), (child(tmp_path, "never"),)]
        ):
            pass
    assert not (tmp_path / "log" / "never.log").exists()


def run_elsewhere(folder: Path, behaviour: str) -> subprocess.Popen[str]:
    """A supervisor in a process of its own, which can be killed."""
    script = (
        "import sys; from pathlib import Path; sys.path[:0] = sys.argv[2:]\n"
        "from test_supervise import *\n"
        "folder = Path(sys.argv[1])\n"
        f"with StopSignals() as signals:\n"
        f"    run = Run(folder, [(child(folder, 'orphan', {behaviour!r}),)], signals)\n"
        "    run.supervisor.start(); print('up', flush=True); run.supervisor.watch()\n"
    )
    argv = [sys.executable, "-c", script, str(folder), str(PROGRAM.parent)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


def test_children_end_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    process = run_elsewhere(tmp_path, "steady")
    assert len(heirs()) == 1
    process.kill()
    process.communicate()
    wait_until(lambda: heirs() == [])


def test_what_outlives_a_killed_supervisor_is_ended_by_the_next_run(tmp_path: Path) -> None:
    process = run_elsewhere(tmp_path, "parent")
    process.kill()
    process.communicate()
    # The child itself ends with its supervisor; what it started has nobody who tells it.
    wait_until(lambda: len(heirs()) == 2)
    bystander = subprocess.Popen(["sleep", "300"], start_new_session=True)
    try:
        end_leftovers(tmp_path)
        assert heirs() == []
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_reused_process_id_is_left_alone(tmp_path: Path) -> None:
    bystander = subprocess.Popen(["sleep", "300"])
    try:
        identity = ProcessIdentity.of(bystander.pid)
        assert identity is not None
        recorded = {"pid": identity.pid, "started_ticks": identity.started_ticks - 1, "boot_id": identity.boot_id}
        record = {"instance": "another", "processes": [{**recorded, "signal": int(signal.SIGKILL)}]}
        (tmp_path / "processes.json").write_text(json.dumps(record))
        end_leftovers(tmp_path)
        assert identity.is_alive()
    finally:
        bystander.kill()
        bystander.wait()
