"""What can keep footage on the device, as one tree.

    DockError                           (an IngestError)
    ├── FileLeft                        one file stays where it is; the others go on
    │   ├── SourceUnreadable            permission, a dying card
    │   │   └── SourceVanished          the whole folder is gone: a card pulled out
    │   ├── FolderTooDeep               a folder below so many others that nobody looks into it
    │   ├── SourceUnsteady              its card gives other bytes at each reading
    │   ├── SourceChanged               it was written to while it was being taken over
    │   ├── TransferRefused             the archive will not take this file
    │   ├── NoProgress                  nothing moved for as long as we were told to wait
    │   ├── CustodyFailed               all bytes arrived, and the archive could not seal them
    │   ├── ReceiptRejected             a receipt that does not speak of these bytes, or is not the archive's
    │   ├── HandlingFailed              this program failed at it, and at no other
    │   ├── RemovalFailed               received, but the device would not let go of it
    │   └── RemovalUnconfirmed          received and unlinked, but the device went away before it was durable
    ├── DockStopped                     nothing more can be done in this run
    │   ├── CredentialMissing           neither a token nor a key was named
    │   ├── CredentialAmbiguous         both were
    │   ├── TokenUnusable               no station token in the file
    │   ├── KeyUnusable                 a key or certificate file that holds none
    │   ├── ConfigUnusable              a configuration file that cannot be followed
    │   ├── RateUnreadable              no limit like "08:00-18:00 2 MiB/s"
    │   ├── FingerprintUnreadable       no key's fingerprint: 64 hex digits
    │   ├── AddressUnusable             not an http:// or https:// address
    │   ├── AddressInTheClear           plain http to another machine, where nobody said that this is meant
    │   ├── FolderUnusable              no such folder, or not a folder
    │   ├── StateUnusable               the agent's own notes cannot be read or written
    │   ├── StateInUse                  another agent works on this folder now
    │   ├── EnrolmentRefused            the archive does not take this code, or this key
    │   ├── KeyNotOurs                  a new key is known to the archive, and not as this station's
    │   ├── StationRefused              401 or 403: unknown or revoked credential
    │   ├── NoArchiveThere              something answers at the address, and it is no archive
    │   ├── ArchiveKeyDiffers           the server does not hold the key that was handed over at enrolment
    │   │   └── NotEnrolledYet          noticed before the code was sent: nothing was used up
    │   └── Interrupted                 somebody asked the agent to stop
    └── Answer                          never leaves the package: what the protocol does next
        ├── TryAgain                    connection cut, 5xx, 429, 409 …
        │   └── NotSealedYet            all is well, the receipt takes its time
        ├── UploadGone                  404 or 410, or another station's: begin a new upload
        └── UploadUnfinished            the archive waits for bytes that we thought it had: ask how many it has

Each carries its facts as attributes, and `words`: what is wrong and, where a person can do something, what; in Chinese
and English. `str()` is the English. A `reason` is in both languages as well (ingest/dock/words.py).
"""

from __future__ import annotations

import traceback
from pathlib import Path

from ingest.dock.words import GONE, Words
from ingest.errors import IngestError


class DockError(IngestError):
    """Anything that the docking-station agent raises on purpose."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.words = Words(en, zh)


def _advised(detail: Words, advice: Words) -> Words:
    """What the archive said and, where that sends nobody to its administrator, our advice: said twice it is none."""
    en = detail.en if "administrator" in detail.en else f"{detail.en}; {advice.en}"
    return Words(en, detail.zh if "管理员" in detail.zh else f"{detail.zh}；{advice.zh}")


class FileLeft(DockError):
    """One file stays on the device. Nothing of it was removed."""


class SourceUnreadable(FileLeft):
    def __init__(self, name: str, reason: Words) -> None:
        super().__init__(
            f"cannot read {name}: {reason.en}; check the card and its permissions, then run again",
            f"无法读取 {name}：{reason.zh}；请检查存储卡和权限后重试",
        )
        self.name = name
        self.reason = reason


class SourceVanished(SourceUnreadable):
    """Not this file alone: nothing of its source can be read until it is back."""

    def __init__(self, name: str, root: Path) -> None:
        super().__init__(
            name,
            Words(f"the folder {root} is gone: {GONE.en}", f"文件夹 {root} 已不在，{GONE.zh}"),
        )
        self.root = root


class FolderTooDeep(FileLeft):
    """Nobody knows what is in it, so it counts as footage that was left."""

    def __init__(self, name: str, deepest: int) -> None:
        super().__init__(
            f"{name} was not looked into: it lies more than {deepest} folders deep, where footage in it is not "
            "uploaded; check the card, or move what is in it further up, then run again",
            f"未查看 {name}：它嵌套在 {deepest} 层文件夹之下，其中如有文件，均未上传；请检查存储卡，或将其中的文件移到"
            "较浅的文件夹，再次运行",
        )
        self.name = name
        self.deepest = deepest


class SourceUnsteady(FileLeft):
    """Nobody can say which reading is right, so none is sent, or sent again, and nothing is removed."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} reads otherwise at each reading: its card or card reader is failing. It is not sent any "
            "more, and not removed. Write nothing to the card; take it out, put it in with another reader, then run "
            "again; where that does not help, hand the card to the administrator",
            f"{name} 读取结果不一致：每次读出的内容都不同，存储卡或读卡器可能有故障。此文件不再上传，也不删除。请勿再向"
            "该卡写入，取出后换一个读卡器重新插入再试；仍不行时请将存储卡交管理员处理",
        )
        self.name = name


class SourceChanged(FileLeft):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} is still being written; it is taken over when it no longer changes: run again",
            f"{name} 仍在写入；写完后请再次运行",
        )
        self.name = name


class TransferRefused(FileLeft):
    def __init__(self, status: int, detail: Words) -> None:
        super().__init__(
            f"the archive refused the file (HTTP {status}): {detail.en}; it stays on the device: do what is said, or "
            "ask the archive's administrator, then run again",
            f"档案系统拒收该文件（HTTP {status}）：{detail.zh}；原件保留在设备上，请按提示处理或联系管理员，再次运行",
        )
        self.status = status
        self.detail = detail


class NoProgress(FileLeft):
    """`reason` is the last thing that stood in the way."""

    def __init__(self, waited_seconds: float, reason: Words) -> None:
        super().__init__(
            f"no progress for {waited_seconds:.0f} s ({reason.en}); run again: it goes on where it stopped",
            f"{waited_seconds:.0f} 秒内无进展（{reason.zh}）；再次运行即从断点继续",
        )
        self.waited_seconds = waited_seconds
        self.reason = reason


# What was staged there is not what was sent, or is gone: no retry seals it. Of all else it keeps a whole copy.
# These are codes of the protocol (docs/stations.md): the archive may be of another version than this agent.
DIGEST_DIFFERS = "ClaimedDigestDiffers"
ASKS_FOR_ANOTHER = frozenset({DIGEST_DIFFERS, "LostBeforeReceipt", "StagedFileMissing", "StagedLengthDiffers"})


class CustodyFailed(FileLeft):
    """`failure` is the archive's code for it, of the table in docs/stations.md, or empty."""

    def __init__(self, upload_id: str, reason: Words, failure: str = "") -> None:
        self.is_to_be_sent_anew = failure in ASKS_FOR_ANOTHER
        then = Words(
            "the archive keeps its bytes, and its administrator decides: liuhen admin upload retry, or release. Run "
            "again then: its receipt is asked for, and only what was released is sent anew",
            "档案系统保留着已收的字节，由管理员处理：liuhen admin upload retry 或 release。之后再次运行：先询问回执，"
            "已放弃的才重新上传",
        )
        if self.is_to_be_sent_anew:
            then = Words("run again to send it anew", "再次运行将重新上传")
        super().__init__(
            f"the archive could not seal upload {upload_id}: {reason.en}; {then.en}",
            f"档案系统未能封存上传 {upload_id}：{reason.zh}；{then.zh}",
        )
        self.upload_id = upload_id
        self.reason = reason
        self.failure = failure


class ReceiptRejected(FileLeft):
    def __init__(self, upload_id: str, reason: Words) -> None:
        super().__init__(
            f"receipt of upload {upload_id} not accepted: {reason.en}; keep the file, tell the archive",
            f"上传 {upload_id} 的回执未通过验证：{reason.zh}；请保留原文件并告知档案系统管理员",
        )
        self.upload_id = upload_id
        self.reason = reason


class HandlingFailed(FileLeft):
    """A fault of ours that this one file brought out: where it was raised is all that whoever mends it has."""

    def __init__(self, name: str, fault: BaseException) -> None:
        frames = traceback.extract_tb(fault.__traceback__)
        where = f" {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
        what = f"{type(fault).__name__}{where}"
        super().__init__(
            f"{name} could not be dealt with: this program failed at it ({what}: {fault}); nothing is removed without "
            "its receipt, and all other files go on. Tell the administrator this line; run again to try it anew",
            f"处理 {name} 时程序出错（{what}）；没有回执的文件一律不删除，其他文件照常处理。请将此行告知管理员；"
            "再次运行即重试",
        )
        self.name = name
        self.fault = fault


class RemovalFailed(FileLeft):
    def __init__(self, name: str, reason: Words) -> None:
        super().__init__(
            f"{name} was received but cannot be removed: {reason.en}; its receipt is kept. Lift the card's write "
            "protection, or give this user the right to write to its folder, and run again; or remove it by hand",
            f"{name} 已收讫，但无法删除：{reason.zh}；回执已保存。请解除写保护，或让本用户有权写入其所在文件夹，"
            "再次运行即删除；也可自行删除",
        )
        self.name = name
        self.reason = reason


class RemovalUnconfirmed(FileLeft):
    """Nobody can tell before the card is looked at again."""

    def __init__(self, name: str, reason: Words) -> None:
        super().__init__(
            f"{name} was received, and whether the card let go of it is not certain: {reason.en}; its receipt is kept. "
            "Put the card back and run again: it is looked at anew",
            f"{name} 已收讫，但存储卡未确认删除：{reason.zh}；回执已保存。请重新插入存储卡，再次运行即重新核对",
        )
        self.name = name
        self.reason = reason


class DockStopped(DockError):
    """Nothing more can be done in this run; what was acknowledged stays acknowledged."""


class CredentialMissing(DockStopped):
    def __init__(self) -> None:
        super().__init__(
            "no station credential: name one of --station-key-file and --station-token-file",
            "缺少工作站凭证：请用 --station-key-file 或 --station-token-file 指定其一",
        )


class CredentialAmbiguous(DockStopped):
    def __init__(self) -> None:
        super().__init__(
            "two station credentials: name --station-key-file or --station-token-file, not both",
            "给出了两个工作站凭证：--station-key-file 与 --station-token-file 只能给出一个，请去掉其一",
        )


class TokenUnusable(DockStopped):
    def __init__(self, path: Path, reason: Words) -> None:
        super().__init__(
            f"station token file {path}: {reason.en}. A lost token is replaced with: liuhen admin station token NAME; "
            "a new station gets one with: liuhen admin station enrol NAME --json",
            f"凭证文件 {path} 不可用：{reason.zh}。凭证遗失时用 liuhen admin station token 名称 更换；"
            "新站用 liuhen admin station enrol 名称 --json 取得",
        )
        self.path = path
        self.reason = reason


class KeyUnusable(DockStopped):
    """`reason` says what the file should hold."""

    def __init__(self, path: Path, reason: Words) -> None:
        super().__init__(f"key file {path}: {reason.en}", f"密钥文件 {path} 不可用：{reason.zh}")
        self.path = path
        self.reason = reason


class ConfigUnusable(DockStopped):
    """`reason` names the member."""

    def __init__(self, path: Path, reason: Words) -> None:
        super().__init__(
            f"configuration {path}: {reason.en}; docs/docking.md has an example",
            f"配置文件 {path} 不可用：{reason.zh}；示例见 docs/docking.md",
        )
        self.path = path
        self.reason = reason


class RateUnreadable(DockStopped):
    def __init__(self, text: str) -> None:
        super().__init__(
            f'{text!r} is no limit; write one like "08:00-18:00 2 MiB/s", "18:00-08:00 unlimited" or '
            '"07:00-08:00 stop"',
            f"{text!r} 不是有效的限速；应形如 “08:00-18:00 2 MiB/s”、“18:00-08:00 unlimited” 或 “07:00-08:00 stop”",
        )
        self.text = text


class FingerprintUnreadable(DockStopped):
    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text!r} is no fingerprint of a receipt key: it has 64 digits 0-9 a-f and is shown beside the one-time "
            "code. Nothing was sent: the code is still good",
            f"{text!r} 不是回执密钥指纹：指纹为 64 位十六进制数字（0–9、a–f），与一次性代码一同给出。"
            "尚未发送任何内容，代码仍可使用",
        )
        self.text = text


class AddressUnusable(DockStopped):
    def __init__(self, url: str, reason: Words) -> None:
        super().__init__(
            f"{url!r} is no address of an archive: {reason.en}; it looks like http://127.0.0.1:8000",
            f"地址 {url!r} 不可用：{reason.zh}；应形如 http://127.0.0.1:8000",
        )
        self.url = url
        self.reason = reason


class AddressInTheClear(DockStopped):
    def __init__(self, url: str) -> None:
        super().__init__(
            f"{url} is plain http: whoever is on the way can read the code, enrol a key of his own with it, and put "
            "another archive's receipt key in its place. Use https; where the way is trusted, say --in-the-clear",
            f"{url} 是明文 http：途中任何人都能读取一次性代码、抢先登记自己的密钥，或换上别的档案系统的回执密钥；"
            "请改用 https；确信线路可信时加 --in-the-clear",
        )
        self.url = url


class FolderUnusable(DockStopped):
    def __init__(self, path: Path, reason: Words) -> None:
        super().__init__(
            f"folder {path}: {reason.en}; check its path, the right to read it, and the card",
            f"文件夹 {path} 不可用：{reason.zh}；请核对路径、读取权限和存储卡",
        )
        self.path = path
        self.reason = reason


class StateUnusable(DockStopped):
    def __init__(self, path: Path, reason: Words) -> None:
        super().__init__(
            f"the agent's notes in {path} cannot be used: {reason.en}; make room or name another place with --state. "
            "No footage is lost: files are sent again, and the archive knows them",
            f"续传记录 {path} 不可用：{reason.zh}；请腾出空间，或用 --state 另选位置。"
            "录像不会丢失：重新上传时，档案系统认得已收的文件",
        )
        self.path = path
        self.reason = reason


class StateInUse(DockStopped):
    """`process` and `works_on` are the other agent's, 0 and empty where it has not said yet."""

    def __init__(self, path: Path, process: int = 0, works_on: str = "") -> None:
        en, zh = (f"process {process}", f"进程 {process}") if process else ("its process is not known", "进程号不明")
        super().__init__(
            f"another agent ({en}) works on {works_on or path} now; wait for it to end, or end it",
            f"另一个上传程序（{zh}）正在处理 {works_on or path}；请等它结束，或先结束它",
        )
        self.path = path
        self.process = process
        self.works_on = works_on


class StationRefused(DockStopped):
    def __init__(self, status: int, detail: Words) -> None:
        advice = Words(
            "its credential is unknown or revoked: ask the archive's administrator to enrol it",
            "凭证未知或已吊销，请联系管理员",
        )
        super().__init__(
            f"the archive refused this station (HTTP {status}): {_advised(detail, advice).en}",
            f"档案系统拒绝本站（HTTP {status}）：{_advised(detail, advice).zh}",
        )
        self.status = status
        self.detail = detail


class EnrolmentRefused(DockStopped):
    def __init__(self, status: int, detail: Words) -> None:
        advice = Words("ask its administrator for a new code", "请向管理员索取新的一次性代码")
        super().__init__(
            f"the archive did not enrol this station (HTTP {status}): {_advised(detail, advice).en}",
            f"档案系统未登记本站（HTTP {status}）：{_advised(detail, advice).zh}",
        )
        self.status = status
        self.detail = detail


class KeyNotOurs(DockStopped):
    """`found` is the station that the archive takes it for, empty where it does not say."""

    def __init__(self, key_id: str, found: str = "") -> None:
        says = Words("it does not say whose it is", "未说明属于谁")
        if found:
            says = Words(f"it takes it for that of station {found}", f"称其属于工作站 {found}")
        super().__init__(
            f"the archive knows the new key {key_id}, and not as this station's ({says.en}): nothing is signed with "
            "it. Run again; where that does not help, tell the archive's administrator, and enrol this station anew "
            "with a one-time code and a new key file",
            f"档案系统不认为新密钥 {key_id} 属于本站（{says.zh}），不会用它签名。请再次运行；仍不行时请告知管理员，"
            "用一次性代码和新的密钥文件重新登记本站",
        )
        self.key_id = key_id
        self.found = found


class NoArchiveThere(DockStopped):
    """`found` says what is there instead. No suspicion is raised: a path too many, or another program's port."""

    def __init__(self, url: str, found: Words) -> None:
        super().__init__(
            f"what answers at {url} is no Liuhen archive ({found.en}): no footage and no code was sent. Check the "
            "address: it is host and port as a rule, as http://127.0.0.1:8000, with nothing behind them",
            f"{url} 有应答，但不是留痕档案系统（{found.zh}）：没有发出任何录像或代码。请核对地址：通常只写到主机和"
            "端口，形如 http://127.0.0.1:8000，后面不带路径",
        )
        self.url = url
        self.found = found


class ArchiveKeyDiffers(DockStopped):
    """Key ids are hex SHA-256 of the SPKI."""

    def __init__(self, pinned: str, found: str, and_now: Words | None = None) -> None:
        and_now = and_now or Words(
            "No footage was sent or removed. Check the archive's address, and ask its administrator for the key's "
            "fingerprint; where the key was changed, he hands the new one over",
            "未上传也未删除任何录像。请核对档案系统的地址，并向管理员核实密钥指纹；确已更换的，由其交付新的密钥",
        )
        super().__init__(
            f"this server's receipt key is {found}, the one that was handed over is {pinned}: "
            f"this may be another archive or somebody posing as it. {and_now.en}",
            f"对方的回执密钥 {found} 与管理员交付的 {pinned} 不符，可能是另一个档案系统，或有人冒充。{and_now.zh}",
        )
        self.pinned = pinned
        self.found = found


class NotEnrolledYet(ArchiveKeyDiffers):
    def __init__(self, pinned: str, found: str) -> None:
        super().__init__(
            pinned,
            found,
            Words(
                "The station is not enrolled and the code was not sent: it is still good. Compare --server and "
                "--receipt-key with what the administrator was shown, and run the same command again",
                "本站尚未登记，一次性代码没有发出，仍可使用：请与管理员核对 --server 和 --receipt-key，"
                "改正后用同一代码再次运行",
            ),
        )


class Interrupted(DockStopped):
    def __init__(self) -> None:
        super().__init__(
            "stopped on request; run again: it goes on where it stopped", "已按要求停止；再次运行即从断点继续"
        )


class Answer(DockError):
    """An answer, or the lack of one, that says what to do next."""


class TryAgain(Answer):
    """`retry_after_seconds` is what the server asked for, 0 when it did not say. `is_away`: it is not one file's
    trouble, but everybody's: no connection, or a server that cannot work now.
    """

    def __init__(self, reason: Words, retry_after_seconds: float = 0.0, is_away: bool = False) -> None:
        super().__init__(f"{reason.en}; try again later", f"{reason.zh}；请稍后重试")
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds
        self.is_away = is_away


class NotSealedYet(TryAgain):
    """The server is there and at work: its own word on when to ask again is better than growing pauses."""


class UploadGone(Answer):
    def __init__(self, upload_id: str) -> None:
        super().__init__(f"the archive does not know upload {upload_id}", f"档案系统没有上传 {upload_id} 的记录")
        self.upload_id = upload_id


class UploadUnfinished(Answer):
    """As after a restore from a backup, when its bytes were whole and its row was not."""

    def __init__(self, upload_id: str) -> None:
        super().__init__(
            f"the archive still waits for bytes of upload {upload_id}; run again: what it lacks is sent",
            f"档案系统仍在等待上传 {upload_id} 的其余内容；再次运行即补传",
        )
        self.upload_id = upload_id
