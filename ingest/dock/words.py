"""What is said to a person, in Chinese and in English, and what refusals of the system are called in both.

A reason is never another's English prose put into a Chinese sentence: it comes from the system's code for it.
"""

from __future__ import annotations

import errno
import socket
import sqlite3
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from integrity.errors import (
    CheckpointInvalid,
    EvidenceContradiction,
    EvidenceError,
    KeyFileUnreadable,
    KeyFileUnsafe,
    KeyNotPinned,
    MalformedEvidence,
    ProofInvalid,
    SignatureInvalid,
)


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence or a reason in both languages, as the archive's problem documents give it. `str()` is the English."""

    en: str
    zh: str

    def __str__(self) -> str:
        return self.en


# Of a folder, whatever took it away.
GONE = Words("it was unmounted, pulled out or removed", "已被卸载、拔出或删除")
EMPTY = Words(
    "empty: there is nothing in it to send, and it stays where it is; the battery may have died as it was begun",
    "空文件，没有内容可上传，留在原处；可能是开始录制时设备断电",
)
_SYSTEM: Mapping[int, str] = {
    errno.ENOENT: "没有这个文件或目录",
    errno.EACCES: "没有权限",
    errno.EPERM: "不允许此操作",
    errno.EISDIR: "这是目录，不是文件",
    errno.ENOTDIR: "这不是目录",
    errno.EIO: "读写出错，存储卡或磁盘可能已损坏或被拔出",
    errno.ENODEV: "设备已不在",
    errno.ENXIO: "设备已不在",
    errno.ENOSPC: "磁盘已满",
    errno.EDQUOT: "超出磁盘配额",
    errno.EROFS: "存储卡或磁盘是只读的",
    errno.ELOOP: "这是符号链接",
    errno.EXDEV: "它已在另一个卷上",
    errno.ENAMETOOLONG: "名称过长",
    errno.EMFILE: "打开的文件过多",
    errno.EBUSY: "正被占用",
    errno.ECONNREFUSED: "对方拒绝连接，服务可能未运行",
    errno.ECONNRESET: "对方断开了连接",
    errno.EPIPE: "对方断开了连接",
    errno.EHOSTUNREACH: "到不了该主机",
    errno.ENETUNREACH: "网络不通",
    errno.ETIMEDOUT: "连接超时",
}
# By the beginning of the name that SQLite has for it.
_NOTES: Mapping[str, str] = {
    "SQLITE_FULL": "磁盘已满",
    "SQLITE_READONLY": "磁盘是只读的",
    "SQLITE_IOERR": "磁盘读写出错",
    "SQLITE_CANTOPEN": "无法打开",
    "SQLITE_NOTADB": "记录文件已损坏",
    "SQLITE_CORRUPT": "记录文件已损坏",
    "SQLITE_BUSY": "正被占用",
}


def reason_of(error: OSError) -> Words:
    """The system's words, in lower case as they stand inside a sentence."""
    return Words((error.strerror or str(error)).lower(), _in_chinese(error))


def _in_chinese(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "证书未通过验证"
    if isinstance(error, ssl.SSLError):
        return "加密连接未能建立"
    if isinstance(error, socket.gaierror):
        return "找不到该主机名"
    number = error.errno or 0
    return _SYSTEM.get(number) or f"系统错误 {errno.errorcode.get(number, number)}"


def reason_of_notes(error: Exception) -> Words:
    """Why the agent's notes cannot be read or written: SQLite's code, or else they are not what was noted."""
    name = getattr(error, "sqlite_errorname", "") if isinstance(error, sqlite3.Error) else ""
    known = next((words for begins, words in _NOTES.items() if name.startswith(begins)), "")
    return Words(str(error), known or (f"数据库错误 {name}" if name else "记录内容已损坏"))


def reason_of_connection(error: Exception) -> Words:
    """Why there is no connection: what the system said below the HTTP library, where it said anything."""
    english = str(error) or type(error).__name__
    system = next((cause for cause in causes(error) if isinstance(cause, OSError)), None)
    return Words(english, "对方断开了连接" if system is None else _in_chinese(system))


def reason_of_evidence(error: EvidenceError) -> Words:
    """Why a receipt, or a key out of a file, convinces nobody."""
    system = next((cause for cause in causes(error) if isinstance(cause, OSError)), None)
    english = getattr(error, "reason", "") or str(error)
    if system is not None:
        return Words(english.lower(), _in_chinese(system))
    match error:
        case KeyFileUnsafe():
            return Words(
                f"{english}; run: chmod 600 {error.path}, and replace the key if it was exposed",
                f"权限过宽，他人可以读取；请执行 chmod 600 {error.path}，可能已泄露时请更换密钥",
            )
        case KeyNotPinned():
            return Words(str(error), f"由密钥 {error.key_id} 签发，不是登记时的回执密钥")
        case SignatureInvalid():
            return Words(str(error), "签名不符，内容已被改动")
        case ProofInvalid() | CheckpointInvalid():
            return Words(str(error), "账本证明或检查点不成立")
        case EvidenceContradiction():
            return Words(str(error), "其中两处互相矛盾")
        case KeyFileUnreadable():
            return Words(english, "其中没有可用的密钥")
        case MalformedEvidence():
            return Words(str(error), "内容不是应有的格式")
    return Words(str(error), "内容不可用")


def causes(error: BaseException) -> Iterator[BaseException]:
    """What an error came from, the nearest first."""
    cause = error.__cause__ or error.__context__
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
