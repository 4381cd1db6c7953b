"""What can go wrong at the edge, with the exit code a shell sees.

ApiError                        1
├── SettingInvalid              2   a LIUHEN_ variable that cannot be used
├── UsageRefused                2   a command that makes no sense as it was given
│   └── ArchiveMissing          2   a command that works on an archive, where there is none
├── HttpRefused                 1   what HTTP refuses: its tree goes on in api/http/errors.py
├── EntriesWithoutPlace         1   api/handover_errors.py: the ledger's sequencer is behind, nothing was copied
├── NothingToCopy               1   api/handover_errors.py: no recording stands in the case
├── NoRoomForCopy               1   api/handover_errors.py: the disk has no room for the package
├── AuthorityUnpinned           1   api/handover_errors.py: no time-stamping authority to trust
├── TrustContradiction          1   api/handover_errors.py: keys are not those that were announced
├── NotSealed                   1   api/cli/admin_lookup.py: no sealed recording has these bytes (yet)
├── BackupError                 1   api/backup/errors.py: a backup or a restore; its tree goes on there
├── WalError                    1   api/wal/errors.py: the write-ahead log; its tree goes on there
├── DemoError                   1   the demo: its tree goes on in api/demo/errors.py
├── FootageMissing              1   api/demo/footage.py: what the demo films with is not installed
├── FootageNotMade              1   api/demo/footage.py: ffmpeg ended without making the clip
└── EngineError                 1   something `liuhen up` starts
    ├── DataFolderBusy          2   another process holds the data folder
    ├── DataFolderUnusable      2   it cannot be made, written or trusted
    ├── AddressUnusable         2   the port is taken or is not ours to take
    ├── EngineMissing           1   a program that should be installed is not there
    ├── NamespaceRefused        1   root may not make the user namespace PostgreSQL needs
    ├── ClusterUnusable         1   the database folder and its secrets do not belong together
    ├── DatabaseUnusable        1   a database elsewhere that cannot be reached, or is too old
    ├── StoreUnusable           2   the object store does not answer, or cannot keep evidence
    ├── KeysUnusable            2   the key store, or what its root key needs, is not here
    ├── StartFailed             1   a child ended or stayed silent while it should have become ready
    ├── NotReady                1   everything runs, and yet /readyz does not say so
    └── LeftoverAlive           1   a process of an earlier run could not be ended
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from integrity.local_time import show_in_china


class ApiError(Exception):
    """A refusal in both languages; `detail` holds lines that belong below the message, such as the end of a log."""

    exit_code = 1

    def __init__(self, chinese: str, english: str, *, detail: Sequence[str] = ()) -> None:
        super().__init__(f"{chinese} / {english}")
        self.chinese = chinese
        self.english = english
        self.detail = tuple(detail)


class SettingInvalid(ApiError):
    exit_code = 2

    def __init__(self, variable: str, found: str, chinese: str, english: str) -> None:
        super().__init__(
            f"设置 {variable} 无效：现为 {found!r}，应为{chinese}",
            f"setting {variable} is not usable: found {found!r}, write {english}",
        )
        self.variable = variable
        self.found = found


class UsageRefused(ApiError):
    exit_code = 2


class ArchiveMissing(UsageRefused):
    """`named`: by LIUHEN_DATA, else it is the default below the working folder, where one may stand by mistake."""

    def __init__(self, folder: Path, *, named: bool) -> None:
        if named:
            advice = ("请核对 LIUHEN_DATA", "check LIUHEN_DATA")
        else:
            advice = (
                "LIUHEN_DATA 未设置，缺省为当前目录下的 var；请在运行 liuhen up 的目录中执行，或设置 LIUHEN_DATA",
                "LIUHEN_DATA is not set, so it is var in the working folder; stand where `liuhen up` was started, or "
                "set LIUHEN_DATA",
            )
        super().__init__(
            f"{folder} 中没有档案系统；{advice[0]}。新建档案系统请用 liuhen up",
            f"there is no archive in {folder}: {advice[1]}. `liuhen up` makes one",
        )
        self.folder = folder


class EngineError(ApiError):
    pass


class DataFolderBusy(EngineError):
    exit_code = 2

    def __init__(self, folder: Path, pid: int | None, purpose: str, since: datetime | None) -> None:
        when = show_in_china(since) if since else "?"
        super().__init__(
            f"数据目录 {folder} 正被占用：进程 {pid or '?'}（liuhen {purpose}），自 {when} 起；"
            "请先停止它，或另设 LIUHEN_DATA",
            f"the data folder {folder} is in use by process {pid or '?'} (liuhen {purpose}) since {when}: "
            "stop that one first, or set LIUHEN_DATA to another folder",
        )
        self.folder = folder
        self.pid = pid
        self.purpose = purpose
        self.since = since


class DataFolderUnusable(EngineError):
    exit_code = 2

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(
            f"无法使用目录 {folder}（{reason}）；请检查权限，或另设 LIUHEN_DATA",
            f"the folder {folder} cannot be used ({reason}): check its permissions, or set LIUHEN_DATA to another one",
        )
        self.folder = folder


class AddressUnusable(EngineError):
    exit_code = 2

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(
            f"无法监听 {address}（{reason}）；请停止占用它的程序，或用 LIUHEN_BIND 另设地址",
            f"cannot listen on {address} ({reason}): stop the program that has it, or set LIUHEN_BIND to another one",
        )
        self.address = address


class EngineMissing(EngineError):
    def __init__(self, program: str, remedy: str) -> None:
        super().__init__(f"找不到程序 {program}；{remedy}", f"the program {program} is not installed: {remedy}")
        self.program = program


class NamespaceRefused(EngineError):
    def __init__(self, reason: str) -> None:
        super().__init__(
            f"以 root 运行时 PostgreSQL 需要用户命名空间，但系统拒绝（{reason}）；"
            "请改用普通用户运行，或设置 LIUHEN_DATABASE_URL",
            f"as root PostgreSQL needs a user namespace, and the system refuses it ({reason}): "
            "run as an ordinary user, or set LIUHEN_DATABASE_URL",
        )


class ClusterUnusable(EngineError):
    pass


class DatabaseUnusable(EngineError):
    pass


class StoreUnusable(EngineError):
    exit_code = 2

    def __init__(self, place: str, chinese: str, english: str) -> None:
        super().__init__(f"对象存储 {place} 不可用：{chinese}", f"the object store {place} cannot be used: {english}")
        self.place = place


class KeysUnusable(EngineError):
    exit_code = 2


class StartFailed(EngineError):
    """`part` and `reason` are each said in Chinese and in English."""

    def __init__(self, part: tuple[str, str], reason: tuple[str, str], log_path: Path, log_tail: Sequence[str]) -> None:
        super().__init__(
            f"{part[0]} 未能启动：{reason[0]}（日志 {log_path}）",
            f"{part[1]} did not start: {reason[1]} (log {log_path})",
            detail=log_tail,
        )
        self.part = part
        self.log_path = log_path


class NotReady(EngineError):
    def __init__(self, address: str, status: int | None, answer: str) -> None:
        super().__init__(
            f"{address} 未就绪（{status or '无应答'}）",
            f"{address} is not ready ({status or 'no answer'})",
            detail=answer.splitlines(),
        )
        self.address = address
        self.status = status


class LeftoverAlive(EngineError):
    def __init__(self, pid: int, what: str) -> None:
        super().__init__(
            f"上次运行遗留的进程 {pid}（{what}）无法结束；请手工结束它后重试",
            f"process {pid} ({what}) of an earlier run could not be ended: end it by hand and try again",
        )
        self.pid = pid
