"""Start the parts of an archive in order, start again what dies, and end everything without leaving a process.

The plan is a list of stages. The children of one stage start together and the next stage waits until each of them
answers; a step, such as the migrations, runs between stages; what takes long to start begins some stages before it is
needed. What has answered once is started again when it dies, also while later stages start. Ending goes the other way
round.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from api.engines.launch import Child, Launch, log_tail
from api.engines.process import ProcessStatus, list_processes
from api.engines.run_record import ProcessRecord
from api.engines.signals import StopSignals
from api.engines.watched import ChildSpec, Phase, Watched
from api.errors import StartFailed

_PR_SET_CHILD_SUBREAPER = 36
_PROBE_SECONDS = 0.05
_IDLE_SECONDS = 1.0

__all__ = ["Answer", "Begin", "ChildSpec", "Launch", "Stage", "Step", "StopRequested", "Supervisor"]


class StopRequested(Exception):
    """A signal to end arrived before everything had started."""


@dataclass(frozen=True)
class Step:
    """Something to be done once, between stages, with what it is called in both languages."""

    chinese: str
    english: str
    action: Callable[[], None]


@dataclass(frozen=True)
class Begin:
    """A child that takes its time: launched now, waited for where its name stands in a later stage."""

    spec: ChildSpec


@dataclass(frozen=True)
class Answer:
    """What all that runs by now must say together. `refusal` asks once: None, or what is raised when time is over."""

    chinese: str
    english: str
    refusal: Callable[[], Exception | None]
    within_seconds: float


Stage = Step | Begin | Answer | tuple[ChildSpec, ...]


class Supervisor:
    """Runs in the main thread from `start` to `stop`; `say` gets one line for each thing a person should know."""

    def __init__(
        self, stages: Sequence[Stage], record: ProcessRecord, signals: StopSignals, say: Callable[[str], None]
    ) -> None:
        self._stages = stages
        self._record = record
        self._signals = signals
        self._say = say
        self._started: list[list[Watched]] = []
        self._through: list[Watched] = []
        """Of the stages that are over: their end is no failure of the start."""
        # Whoever was this process's child before is somebody else's business: it is neither reaped nor ended here.
        self._others = frozenset((status.pid, status.started_ticks) for status in _children_of_ours())

    def start(self) -> None:
        """Return once all stages are up. stop() follows in any case.

        Raises StartFailed, StopRequested, what a step raises, and the last refusal of an answer that did not come.
        """
        # What our children leave behind becomes our child, not init's: so stop() finds it, wherever it went.
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        for stage in self._stages:
            self._raise_if_asked()
            if isinstance(stage, Step):
                self._take(stage)
            elif isinstance(stage, Answer):
                self._wait_for(stage)
            elif isinstance(stage, Begin):
                self._begin(stage.spec)
            else:
                self._start_together(stage)
        self._raise_if_asked()

    def watch(self) -> None:
        """Start again what dies, until a signal asks to end."""
        while self._signals.asked is None:
            self._attend_all_through()
            self._reap_strangers()
            busy = any(watched.phase is not Phase.READY for watched in self._all())
            self._signals.wait(_PROBE_SECONDS if busy else _IDLE_SECONDS)

    def stop(self) -> None:
        """End every child, the last stage first, and whatever they left behind."""
        while self._started:
            stage = self._started.pop()
            children = [watched.child for watched in stage if watched.child is not None]
            _stop_together(children)
        self._kill_descendants()
        self._record.clear()

    def _take(self, step: Step) -> None:
        began = time.monotonic()
        step.action()
        self._say(_line(step.chinese, step.english, time.monotonic() - began))

    def _wait_for(self, answer: Answer) -> None:
        began = time.monotonic()
        while (refusal := answer.refusal()) is not None:
            self._raise_if_asked()
            if time.monotonic() - began > answer.within_seconds:
                raise refusal
            self._attend_all_through()
            self._signals.wait(_PROBE_SECONDS)
        self._say(_line(answer.chinese, answer.english, time.monotonic() - began))

    def _begin(self, *specs: ChildSpec) -> None:
        stage: list[Watched] = []
        self._started.append(stage)
        for spec in specs:
            stage.append(Watched(spec))
            stage[-1].launch(self._record)

    def _start_together(self, specs: Sequence[ChildSpec]) -> None:
        begun = {watched.spec.name for watched in self._all()}
        self._begin(*(spec for spec in specs if spec.name not in begun))
        names = {spec.name for spec in specs}
        stage = [watched for watched in self._all() if watched.spec.name in names]
        while waiting := [watched for watched in stage if watched.phase is Phase.STARTING]:
            self._raise_if_asked()
            for watched in waiting:
                if watched.check_ready():
                    self._say(_line(watched.spec.chinese, watched.spec.english, watched.seconds_since_launch()))
                elif watched.exit_status() is not None or watched.is_overdue():
                    if watched.spec.needed:
                        raise _start_failure(watched)
                    self._note_failure(watched, *_how_it_failed(watched))
            self._attend_all_through()
            self._signals.wait(_PROBE_SECONDS)
        self._through += stage

    def _attend_all_through(self) -> None:
        now = time.monotonic()
        for watched in self._through:
            self._attend(watched, now)

    def _attend(self, watched: Watched, now: float) -> None:
        """One look at one child: note its end, start it again when its pause is over, notice that it answers."""
        if watched.phase is Phase.PAUSING:
            if now >= watched.next_launch_at:
                self._launch_again(watched)
        elif watched.exit_status() is not None:
            self._note_failure(watched, *_how_it_ended(watched))
        elif watched.phase is Phase.STARTING:
            self._look_for_answer(watched)
        else:
            watched.forget_failures_in_time()

    def _launch_again(self, watched: Watched) -> None:
        # Not even an unexpected error in one part may end the others: it is told, and tried again later.
        try:
            watched.launch(self._record)
        except Exception as error:
            self._note_failure(watched, f"无法启动：{error}", f"cannot be started: {error}")

    def _look_for_answer(self, watched: Watched) -> None:
        try:
            ready = watched.check_ready()
        except Exception as error:
            self._note_failure(watched, f"检查失败：{error}", f"its check fails: {error}")
            return
        if ready:
            self._say(_line(f"{watched.spec.chinese} 已恢复", f"{watched.spec.english} is back", None))
        elif watched.is_overdue():
            self._note_failure(watched, *_how_it_failed(watched))

    def _note_failure(self, watched: Watched, chinese: str, english: str) -> None:
        pause = watched.pause_after_failure()
        self._say(
            f"! {watched.spec.chinese} {chinese}；{pause:g} 秒后重新启动 / "
            f"{watched.spec.english} {english}; starting again in {pause:g} s"
        )
        if watched.failures >= 3:
            self._say(
                f"  已连续失败 {watched.failures} 次 / failed {watched.failures} times in a row; "
                f"日志 / log: {watched.log_path}"
            )
            for line in log_tail(watched.log_path, 5):
                self._say(f"  | {line}")

    def _all(self) -> list[Watched]:
        return [watched for stage in self._started for watched in stage]

    def _raise_if_asked(self) -> None:
        if self._signals.asked is not None:
            raise StopRequested

    def _reap_strangers(self) -> None:
        """Take note of the end of processes that became ours when their parent died."""
        known = {watched.child.pid for watched in self._all() if watched.child is not None}
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
                # Its own turn comes in _attend, or it is for whoever started it.
                if ended.si_pid in known or self._is_other(ProcessStatus.read(ended.si_pid)):
                    return
                os.waitpid(ended.si_pid, 0)

    def _is_other(self, status: ProcessStatus | None) -> bool:
        return status is not None and (status.pid, status.started_ticks) in self._others

    def _kill_descendants(self) -> None:
        """All our children are gone: what is our child now was left behind by one of them, or by such a one."""
        deadline = time.monotonic() + 10.0
        while time.monotonic() < deadline:
            left = [status for status in _children_of_ours() if not self._is_other(status)]
            if not left:
                return
            for status in left:
                with contextlib.suppress(ProcessLookupError, ChildProcessError):
                    os.kill(status.pid, signal.SIGKILL)
                    os.waitpid(status.pid, 0)


def _children_of_ours() -> list[ProcessStatus]:
    return [status for status in list_processes(including_ended=True) if status.parent_pid == os.getpid()]


def _stop_together(children: Sequence[Child]) -> None:
    """Ask all of one stage first, so that they end side by side; then see each of them out."""
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.stop()


def _how_it_ended(watched: Watched) -> tuple[str, str]:
    status = watched.exit_status() or 0
    if status < 0:
        name = signal.Signals(-status).name
        return f"被信号 {name} 终止", f"was ended by {name}"
    return f"已退出（{status}）", f"ended with status {status}"


def _how_it_failed(watched: Watched) -> tuple[str, str]:
    if watched.exit_status() is not None:
        return _how_it_ended(watched)
    seconds = f"{watched.spec.ready_within_seconds:g}"
    return f"{seconds} 秒内没有应答", f"does not answer within {seconds} s"


def _start_failure(watched: Watched) -> StartFailed:
    part = (watched.spec.chinese, watched.spec.english)
    return StartFailed(part, _how_it_failed(watched), watched.log_path, log_tail(watched.log_path))


def _line(chinese: str, english: str, seconds: float | None) -> str:
    return f"✓ {chinese} / {english}" + ("" if seconds is None else f"  {seconds:.1f} s")
