"""The upload as the demo tells it: the agent is killed in the middle, then the archive under the next agent."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from api.demo.agent import Agent, DockOrder, Event
from api.demo.archive_process import ArchiveElsewhere, RunningArchive
from api.demo.errors import require
from api.demo.footage_folder import Footage
from api.demo.narration import Narrator
from api.demo.pace import AGENT_DIES_AT, ARCHIVE_DIES_AT, Tally, choose_patience, choose_rate
from api.demo.programs import Programs
from api.engines.process import ProcessIdentity

_LONGEST_LIST = 8


@dataclass(frozen=True)
class Kill:
    """What was killed, after which part of all bytes was sent, and how the files stood that were under way.

    By file: the offset up to which bytes had been `sent`, the one acknowledged `before`, and the one that the archive
    gave `after`, where the upload goes on.
    """

    what: str
    sent_part: float
    sent: Mapping[str, int]
    before: Mapping[str, int]
    after: Mapping[str, int]


@dataclass(frozen=True)
class Uploaded:
    """The agent's last word on each file; none was left."""

    received: Mapping[str, Event]
    kills: tuple[Kill, ...]


@dataclass
class KillingUpload:
    """One folder's way into the archive, over two agents and two lives of the HTTP processes, where they are ours."""

    programs: Programs
    archive: RunningArchive | ArchiveElsewhere
    footage: Footage
    station_file: Path
    state: Path
    narrator: Narrator
    kills: list[Kill] = field(default_factory=list)
    killed_http: list[ProcessIdentity] = field(default_factory=list)
    tally: Tally = field(init=False)

    def __post_init__(self) -> None:
        self.tally = Tally({each.name: each.size_bytes for each in self.footage.files})

    def run(self) -> Uploaded:
        """Raises CheckFailed when an acknowledged byte is lost, or a file that should be received is not."""
        summary = self._start().watch(self._first_agent)
        if summary is None:
            summary = self._start().watch(self._second_agent)
        else:
            self._say_too_small("采集程序", "the agent")
        assert summary is not None, "the second agent is not killed"
        if isinstance(self.archive, ArchiveElsewhere):
            self.narrator.say(
                "档案系统由他人运行，其进程不由本演示终止", "others run the archive: its processes are left alone"
            )
        elif self.killed_http:
            now = self.archive.wait_for_http(self.killed_http)
            self.narrator.held(
                f"HTTP 进程已由 liuhen up 重新启动：{_pids(self.killed_http)} → {_pids(now)}",
                "liuhen up has started the HTTP processes again",
            )
        else:
            self._say_too_small("HTTP 进程", "the HTTP processes")
        self._check_offsets()
        return self._outcome(summary)

    def _start(self) -> Agent:
        rate, patience = choose_rate(self.footage.size_bytes), choose_patience(self.footage.size_bytes)
        return Agent(
            self.programs,
            DockOrder(
                self.footage.folder,
                self.station_file,
                self.archive.url,
                self.state,
                rate,
                patience,
                self.archive.ca_file,
            ),
        )

    def _first_agent(self, agent: Agent, event: Event) -> None:
        self.tally.take(event)
        if not self.kills and self.tally.is_due(AGENT_DIES_AT):
            status = agent.kill()
            require(status == -signal.SIGKILL, "采集程序被 SIGKILL 终止", "SIGKILL has ended the agent")
            self._note_kill("agent", f"采集程序 liuhen dock（进程 {agent.pid}）", "the agent, liuhen dock,")

    def _second_agent(self, agent: Agent, event: Event) -> None:
        self.tally.take(event)
        if event["event"] == "upload":
            self._note_resumed(event)
        if isinstance(self.archive, ArchiveElsewhere):
            return
        if event["event"] in ("upload", "progress") and not self.killed_http and self.tally.is_due(ARCHIVE_DIES_AT):
            self.killed_http = self.archive.kill_http()
            self._note_kill("http", f"全部 HTTP 进程（{_pids(self.killed_http)}）", "every HTTP process")

    def _note_kill(self, what: str, chinese: str, english: str) -> None:
        before = self.tally.under_way()
        sent = {name: self.tally.sent[name] for name in before}
        self.kills.append(Kill(what, round(self.tally.sent_part, 4), sent, before, {}))
        self.narrator.say(
            f"已用 SIGKILL 终止{chinese}，此时已发送 {self.tally.sent_part:.0%}",
            f"SIGKILL has ended {english} with {self.tally.sent_part:.0%} of the bytes sent",
        )
        for name, offset in list(before.items())[:_LONGEST_LIST]:
            self.narrator.quote(
                [f"{name}: 已发送 / sent {sent[name]:,}, 已确认 / acknowledged {offset:,}, {self.tally.sizes[name]:,}"]
            )

    def _note_resumed(self, event: Event) -> None:
        """The first offset the archive gives after a kill is where that upload goes on."""
        kill, name = self.kills[-1], str(event["file"])
        if name not in kill.before or name in kill.after:
            return
        self.kills[-1] = replace(kill, after={**kill.after, name: int(event["offset"])})
        if len(self.kills[-1].after) <= _LONGEST_LIST:
            self.narrator.say(f"从偏移 {event['offset']:,} 继续上传 {name}", f"goes on from offset {event['offset']:,}")

    def _check_offsets(self) -> None:
        for kill in self.kills:
            for name, offset in kill.after.items():
                require(
                    offset >= kill.before[name],
                    f"已确认的字节一个不少：{name} 为 {kill.before[name]} → {offset}",
                    f"no acknowledged byte is lost: {name} was at {kill.before[name]} and is at {offset}",
                )

    def _outcome(self, summary: Event) -> Uploaded:
        why = summary["stopped"] and summary["stopped"]["reason"]["zh"]
        require(not why, f"上传完成：{why}", "the upload goes through to its end")
        by_name = {str(each["file"]): each for each in summary["files"]}
        for name, each in by_name.items():
            why = each["reason"]["zh"] if each["state"] == "left" else ""
            require(not why, f"{name} 已收讫：{why}", f"{name} is received")
        received = {each.name: by_name[each.name] for each in self.footage.files}
        return Uploaded(received, tuple(self.kills))

    def _say_too_small(self, chinese: str, english: str) -> None:
        self.narrator.say(
            f"文件太小，来不及在 20%–80% 之间终止{chinese}",
            f"the files are too small to kill {english} between 20 % and 80 % of the bytes",
        )


def _pids(processes: list[ProcessIdentity]) -> str:
    return ", ".join(str(process.pid) for process in processes)
