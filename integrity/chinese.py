"""What is wrong with evidence, said in Chinese: whoever reads a verdict decides by it.

In `str()` each error says in English what is wrong. Here is a sentence for each class of the tree in errors.py, with
the same facts. A `reason` stays in the English sentence alone: it names a place in a format, in the format's own words.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Final

from integrity import errors
from integrity.errors import EvidenceError, KeyLineBroken
from integrity.package.failure import PackageInvalid

# By class, and with the class's own attributes in braces. tests/integrity/test_chinese.py walks the tree.
SENTENCES: Final[Mapping[type[EvidenceError], str]] = {
    EvidenceError: "证据未能核实",
    errors.MalformedEvidence: "{what} 格式不符",
    errors.EntryTooLarge: "{what} 过大；请将内容放入附件，条目中只写其摘要",
    errors.DigestMismatch: "{path}：{algorithm} 摘要为 {found}，封存时为 {expected}",
    errors.SizeMismatch: "{path}：长 {found_bytes} 字节，封存时为 {expected_bytes} 字节",
    errors.EvidenceContradiction: "{what} 中为 {found}，而 {source} 中为 {expected}",
    errors.SignatureInvalid: "{what} 的签名与密钥 {key_id} 不符；签名或所签的内容已被改动",
    errors.KeyNotPinned: "{what} 由密钥 {key_id} 签名，不是事先固定的密钥（固定的有：{pinned}）",
    errors.KeyLineBroken: "密钥的接替不成立：{chinese}",
    errors.KeyFileError: "密钥文件 {path} 无法使用",
    errors.KeyFileUnsafe: "密钥文件 {path} 他人也能读写；请执行 chmod 600 {path}，可能已泄露时请更换密钥",
    errors.KeyFileExists: "密钥文件 {path} 已存在，不会被覆盖",
    errors.KeyFileUnreadable: "密钥文件 {path} 不存在、无法读取，或不是所需的密钥",
    errors.TimestampError: "时间戳未能取得，或不成立",
    errors.TimestampInvalid: "{what} 的时间戳不成立",
    errors.TimestampRefused: "时间戳机构 {url} 拒绝签发（状态 {status}）",
    errors.AuthorityUnreachable: "时间戳机构 {url} 没有可用的答复",
    errors.LedgerError: "账本的核算不成立",
    errors.ProofInvalid: "{kind}不成立",
    errors.CheckpointInvalid: "账本 {origin} 的检查点不能采信",
    errors.HistoryContradicted: "账本 {origin} 签署了两段历史：前 {old_size} 条的根哈希原为 {expected}，"
    "而依 {new_size} 条的检查点为 {found}；请保存两份检查点",
    errors.GrowthUnproven: "缺少证明：请取得 /ledger/consistency/{old_size}，或指明账本的瓦片",
    errors.TileUnavailable: "账本瓦片 {path} 无法读取，可代替它的完整瓦片也无法读取",
    errors.TrustError: "信任文件夹 {folder} 无法读取或写入",
    errors.TrustIncomplete: "信任文件夹 {folder} 不完整，或其中的内容与所称不符",
    errors.TrustExists: "信任文件夹 {folder} 已存在，不会被覆盖",
    errors.PackageError: "{path} 与证据包的目录不符",
    errors.FileMissing: "{path} 应有而没有",
    errors.FileUnexpected: "{path} 不在目录之中，不应存在",
    errors.FileUnreadable: "{path} 无法读取（并不说明内容有误）",
    errors.PathUnsafe: "{path!r} 不能是证据包中的文件",
    errors.PackageExists: "{path} 已存在；请另选一个尚不存在的文件夹",
    PackageInvalid: "第 {step} 步，{path}：{cause}",
}

# Artefacts that errors name by a word of ours. Files are named as they are.
_ARTEFACTS: Final[Mapping[str, str]] = {
    "catalogue": "卷内目录",
    "certificate": "（证书）",
    "checkpoint": "检查点",
    "commitment": "承诺",
    "consistency": "一致性证明",
    "digest": "摘要",
    "DSSE envelope": "DSSE 信封",
    "entry bundle": "条目包",
    "growth proof": "增长证明",
    "hash tile": "哈希瓦片",
    "inclusion": "包含证明",
    "its ledger entry": "其账本条目",
    "its manifest's chunk root": "其封存清单的分块根",
    "its original's manifest": "其原始记录的封存清单",
    "ledger entry": "账本条目",
    "manifest": "封存清单",
    "manifest envelope": "封存清单的信封",
    "public key": "公钥",
    "receipt": "回执",
    "review": "审核意见",
    "seal": "（电子签章）",
    "signature": "签名",
    "signed_by_former": "原密钥的签名",
    "signed_by_this": "新密钥的签名",
    "succession": "密钥接替书",
    "the entry before it": "其前一条目",
    "the key in it": "其中的密钥",
    "the ledger": "账本",
    "the line it stands in": "其所在的接替次序",
    "the manifest": "封存清单",
    "the manifests": "封存清单",
    "the pinned trust for its key": "事先固定的密钥",
    "tile path": "瓦片路径",
    "time stamp reply": "时间戳答复",
    "time stamp request": "时间戳请求",
    "vkey": "账本公钥",
}
_NAMING_ARTEFACTS: Final = frozenset({"what", "source", "kind", "key_id"})

# What of two artefacts differs is a value of theirs, or words of ours.
_COMPARED: Final[tuple[tuple[str, str], ...]] = (
    (r"sealed by (\d+) entries", r"有 \1 个封存条目"),
    (r"sealed once", r"只封存一次"),
    (r"(\d+) recordings", r"\1 条记录"),
    (r"other recordings", r"另外的记录"),
    (r"other playable copies", r"另外的播放副本"),
    (r"epoch no epoch", r"不属任何一期"),
    (r"epoch ([\d, ]+)", r"第 \1 期"),
    (r"(\d+) of (\d+)", r"第 \1 条，共 \2 条"),
    (r"(\d+) documents", r"\1 份文书"),
    (r"(\d+) listed", r"列出 \1 份"),
    (r"(\S+) once", r"\1 一次"),
    (r"(\d+) times", r"\1 次"),
    (r"a document that is listed", r"应列出的文书"),
    (r"none is", r"没有列出"),
    (r"a catalogue that the ledger names", r"账本所载的卷内目录"),
    (r"one it does not name", r"账本没有记载的一份"),
    (r"all of its items", r"其全部条目"),
    (r"(\d+) less", r"少 \1 条"),
    (r"a file of (\S+)", r"\1 的文件"),
    (r"none, of (.*)", r"没有“\1”的文件"),
)
_COMPARING: Final = frozenset({"expected", "found"})


def said_in_chinese(error: EvidenceError) -> str:
    """What is wrong, with the facts that the English sentence has."""
    facts = {each.name: _shown(each.name, getattr(error, each.name)) for each in dataclasses.fields(error)}
    if isinstance(error, PackageInvalid):
        cause = error.__cause__
        facts["cause"] = said_in_chinese(cause) if isinstance(cause, EvidenceError) else SENTENCES[EvidenceError]
    kind = next(each for each in type(error).__mro__ if each in SENTENCES)
    return SENTENCES[kind].format_map(facts)


def said_in_both(error: EvidenceError) -> str:
    """Chinese first, English beside."""
    if isinstance(error, KeyLineBroken):
        return str(error)
    return " / ".join(filter(None, (said_in_chinese(error), str(error))))


def _shown(name: str, fact: object) -> object:
    if isinstance(fact, tuple):
        return "、".join(map(str, fact)) or "无"
    if not isinstance(fact, str):
        return fact
    if name in _COMPARING:
        return _compared(fact)
    return _artefact(fact) if name in _NAMING_ARTEFACTS else fact


def _compared(value: str) -> str:
    matches = ((re.fullmatch(pattern, value, re.DOTALL), chinese) for pattern, chinese in _COMPARED)
    return next((match.expand(chinese) for match, chinese in matches if match), value)


def _artefact(named: str) -> str:
    """The artefact in Chinese where it is one of ours, with what is named of it: a member, a number."""
    word, colon, rest = named.partition(":")
    if word in _ARTEFACTS:
        return f"{_ARTEFACTS[word]}{colon}{rest}"
    word, space, rest = named.rpartition(" ")
    return f"{_ARTEFACTS[word]}{space}{rest}" if word in _ARTEFACTS else named
