"""What keeps: retention, stores, keys, ledger, packages, the database; and what is of another unit."""

from __future__ import annotations

import psycopg
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api import handover_errors as handover
from api.errors import KeysUnusable
from api.http.problems.problem import Facts, Problem, Problems
from integrity import errors as integrity
from integrity.chinese import said_in_chinese
from retention import errors as retention
from storage import errors as storage
from storage import key_errors
from storage.ledger.errors import StoreLacksLedger

NOTHING_TO_COPY = "no recording stands in the case, so there is nothing to copy: link one first"


def _when(error: retention.OriginalsCold) -> Facts:
    count, seconds = len(error.recording_ids), error.estimated_seconds
    if seconds is None:
        return {"count": count, "when": "何时可用暂无法预计"}
    return {"count": count, "when": f"预计约 {max(1, round(seconds / 60))} 分钟后可用"}


PROBLEMS: Problems = {
    retention.UnknownRetentionClass: Problem(422, "retention-class", "没有保管期限 {code}，请从列表中选择"),
    retention.UnknownSubject: Problem(404, "unknown", "找不到该{kind}（{id}），请核对编号"),
    retention.OutsideUnit: Problem(403, "other-unit", "该{kind}属于其他单位，请联系该单位"),
    retention.DeedNotAllowed: Problem(403, "role", "您的角色（{role}）无权进行此操作；可由以下角色办理：{allowed}"),
    retention.ReasonUnusable: Problem(422, "reason", "请用一句话说明理由"),
    retention.HoldTargetUnclear: Problem(422, "hold-target", "保全须针对一条记录或一个案件，二者择一"),
    retention.AlreadyReleased: Problem(409, "already-released", "该保全已解除，无需再办"),
    retention.ShorteningRefused: Problem(409, "shortening", "缩短保管期限须两人办理并经过等待期；请选择更长的期限"),
    retention.ClassUnchanged: Problem(409, "unchanged", "该记录已是此保管期限，未作更改"),
    retention.OriginalsCold: Problem(
        409, "originals-cold", "{count} 个原件在归档冷存储中，已申请调回，{when}；请届时重试", facts=_when
    ),
    retention.CursorInvalid: Problem(422, "cursor", "翻页标记无效，请从第一页重新开始"),
    storage.StoreFull: Problem(507, "store-full", "存储空间不足；已有数据不受影响，请腾出空间后重试"),
    storage.ObjectKept: Problem(409, "kept", "存储仍在保管期限内或已保全，未删除"),
    storage.ObjectStoreError: Problem(
        503, "store", "存储暂不可用，请稍后重试", "the object store does not answer: try again later"
    ),
    storage.DecryptionFailed: Problem(
        500,
        "altered",
        "存储的数据与封存时不符，已停止读取；请立即联系审计人员",
        "what is stored is not what was sealed; reading was stopped: call an auditor at once",
    ),
    key_errors.KeyStoreError: Problem(
        503, "keys", "密钥库不可用，请联系管理员", "the key store does not give the key: call the administrator"
    ),
    storage.NotLetIn: Problem(401, "signed-out", "登录已失效，或已不是最上级单位的审计人员；请重新登录后再试"),
    StoreLacksLedger: Problem(
        503,
        "store-lacks-ledger",
        "对象存储中没有本档案已签名的账本检查点：存储所在的磁盘未挂载，或这是另一个存储；请挂载磁盘或指向正确的存储，"
        "在此之前不签名、不封存",
    ),
    storage.LedgerStorageError: Problem(
        503, "ledger", "账本暂不可用，请联系管理员", "the ledger's storage does not answer: call the administrator"
    ),
    integrity.KeyFileError: Problem(
        503, "keys", "签名密钥不可用，请联系管理员", "a signing key cannot be used: call the administrator"
    ),
    KeysUnusable: Problem(
        503, "keys", "签名密钥不可用，请联系管理员", "a signing key cannot be used: call the administrator"
    ),
    integrity.PackageError: Problem(
        500,
        "package",
        "数据包未能生成或已损坏，请重新导出",
        "the package could not be made, or is damaged: export again",
    ),
    integrity.AuthorityUnreachable: Problem(503, "timestamp", "时间戳服务暂不可用，请稍后重试"),
    integrity.EvidenceError: Problem(
        500, "evidence", "证据核验未通过：{said}", facts=lambda error: {"said": said_in_chinese(error)}
    ),
    PoolTimeout: Problem(
        503, "busy", "系统繁忙，请稍后重试", "too many requests wait for the database: try again later"
    ),
    handover.AuthorityUnpinned: Problem(
        503,
        "trust",
        "尚未固定时间戳服务的证书，无法导出；请联系管理员",
        "no time-stamping authority is pinned, so nothing can be exported: call the administrator",
    ),
    handover.TrustContradiction: Problem(
        503,
        "trust",
        "密钥目录与账本公示的密钥不符，已停止；请立即联系管理员",
        "the keys in the key folder are not those that were announced: call the administrator at once",
    ),
    handover.NothingToCopy: Problem(
        409, "nothing-to-copy", "案件中没有原始记录，无可导出；请先归入记录", NOTHING_TO_COPY
    ),
    handover.EntriesWithoutPlace: Problem(
        503,
        "ledger",
        "账本有 {waiting} 个条目尚未定序，未导出任何内容；请稍后重试",
        "some ledger entries have no place yet, so nothing was copied: try again later",
    ),
    handover.NoRoomForCopy: Problem(
        507,
        "store-full",
        "服务器磁盘空间不足，未留下任何文件；请联系管理员",
        "the server's disk has no room for the package, and nothing was left on it: call the administrator",
    ),
    OperationalError: Problem(
        503, "database", "数据库暂不可用，请稍后重试", "the database does not answer: try again later"
    ),
    InterfaceError: Problem(
        503, "database", "数据库暂不可用，请稍后重试", "the database does not answer: try again later"
    ),
    psycopg.OperationalError: Problem(
        503, "database", "数据库暂不可用，请稍后重试", "the database does not answer: try again later"
    ),
}
