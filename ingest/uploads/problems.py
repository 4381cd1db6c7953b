"""Every refusal as RFC 9457 problem details: a status, and what to do about it, in Chinese and in English."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ingest.errors import RequestRefused
from ingest.stations.errors import CredentialRefused, CredentialRevoked, SignatureOutOfDate
from ingest.uploads import errors


@dataclass(frozen=True)
class Problem:
    """`code` ends the problem's type URN. The sentences are templates over the error's own facts."""

    status: int
    code: str
    zh: str
    en: str


UNEXPECTED = Problem(
    500,
    "internal",
    "服务器内部错误，已接收的字节不会丢失，请稍后续传。",
    "Internal error; received bytes are safe. Resume later.",
)

PROBLEMS: dict[type[RequestRefused], Problem] = {
    errors.RequestMalformed: Problem(
        400,
        "malformed",
        "请求头 {header} 有误：{reason_zh}。更正后可重发。",
        "{header}: {reason}. Correct it and send again.",
    ),
    errors.UploadEmpty: Problem(
        400,
        "empty-file",
        "空文件：没有内容可以封存，也不签发回执；请保留并检查设备上的原文件。",
        "Empty file: there is nothing to seal, and no receipt is given. Keep the original, and check it on the device.",
    ),
    CredentialRefused: Problem(
        401,
        "credential-refused",
        "采集工作站凭证缺失、无效或已被更换；请管理员为本站生成一次性代码，重新登记。",
        "The station credential is missing, unknown or replaced. Ask the administrator for a one-time code, and enrol "
        "the station again.",
    ),
    CredentialRevoked: Problem(
        401,
        "station-revoked",
        "本站已被吊销，吊销不能撤回；仍要使用时，请管理员以另一名称生成一次性代码，用新的密钥文件登记。",
        "This station was revoked, which is final. To go on with it, ask the administrator for a one-time code under "
        "another name, and enrol it with a new key file.",
    ),
    SignatureOutOfDate: Problem(
        401,
        "signature-out-of-date",
        "请求的签名时间与服务器相差过大；服务器时间为 {server_time:%Y-%m-%d %H:%M:%S} UTC，请据此重新签名后再发。",
        "The request was signed too long ago or too far ahead; the server's time is {server_time:%Y-%m-%d %H:%M:%S} "
        "UTC. Sign again by it.",
    ),
    errors.NotOwner: Problem(
        403,
        "not-owner",
        "该上传属于另一台采集工作站，请用创建它的工作站继续。",
        "This upload belongs to another station. Continue it from the station that created it.",
    ),
    errors.UploadUnknown: Problem(
        404, "unknown", "此地址没有上传，请重新创建上传。", "There is no upload at this address. Create a new one."
    ),
    errors.MethodNotOffered: Problem(
        405,
        "method",
        "此地址不支持 {method}，可用方法：{offered}。",
        "{method} is not offered here. Use one of: {offered}.",
    ),
    errors.UploadStalled: Problem(
        408,
        "stalled",
        "{window_seconds:g} 秒内仅收到 {received_bytes} 字节，低于最低速率；已收字节已保存，请检查网络后续传。",
        "Only {received_bytes} bytes in {window_seconds:g} s, below the minimum rate. What arrived is kept; "
        "check the network and resume.",
    ),
    errors.OffsetDiffers: Problem(
        409,
        "offset",
        "Upload-Offset 为 {stated}，已保存到 {recorded}；请用 HEAD 查询后从该处续传。",
        "Upload-Offset is {stated} but {recorded} bytes are kept. Ask with HEAD and resume from there.",
    ),
    errors.UploadFinished: Problem(
        409,
        "finished",
        "该上传已完成并移交保管，不能再修改或删除；请等待回执。",
        "This upload is finished and in custody: it can neither change nor be removed. Wait for its receipt.",
    ),
    errors.UploadGone: Problem(
        410,
        "gone",
        "该上传已过期或已终止，请重新创建上传。",
        "This upload has expired or was terminated. Create a new one.",
    ),
    errors.VersionUnsupported: Problem(
        412,
        "version",
        "请求头 Tus-Resumable 必须为 1.0.0，请更新客户端。",
        "Tus-Resumable must be 1.0.0. Update the client.",
    ),
    errors.TooLong: Problem(
        413,
        "too-long",
        "文件超过允许的 {allowed_size}，{kept_zh}；请核对文件大小。",
        "The file is longer than the {allowed_size} allowed; {kept}. Check its size.",
    ),
    errors.LengthUndeclared: Problem(
        413,
        "length-undeclared",
        "未声明长度的上传最多 {allowed_size}，{kept_zh}；请用 Upload-Length 声明长度：已建立的上传在下一个 PATCH 中，"
        "未建立的在创建时。",
        "At most {allowed_size} before the length is declared; {kept}. State Upload-Length: with the next PATCH of an "
        "upload that is there, else as it is created.",
    ),
    errors.LongerThanQuota: Problem(
        413,
        "longer-than-quota",
        "文件长 {length_size}，超过本工作站的待封存限额 {allowed_size}，限额全空也容不下；"
        "文件没有问题，请勿删改，待管理员调高该工作站的限额后再传。",
        "The file has {length_size}, more than this station may have waiting in all, {allowed_size}, so it "
        "never fits. Nothing is wrong with the file: keep it, and have the administrator raise the station's limit.",
    ),
    errors.ContentTypeWrong: Problem(
        415,
        "content-type",
        "Content-Type 必须为 application/offset+octet-stream，请更正后重发。",
        "Content-Type must be application/offset+octet-stream. Correct it and send again.",
    ),
    errors.TakenOver: Problem(
        423,
        "taken-over",
        "同一上传有更新的请求正在进行；已收字节已保存，如需继续请用 HEAD 查询后续传。",
        "A newer request for this upload is under way. What arrived is kept; ask with HEAD before going on.",
    ),
    errors.UploadBusy: Problem(
        423,
        "busy",
        "同一上传的前一个请求尚未结束，请稍后再试。",
        "The request before this one is still busy with this upload. Try again in a moment.",
    ),
    errors.CreationKeyReused: Problem(
        422,
        "key-reused",
        "该 Idempotency-Key 已用于另一个文件的上传，请为每个文件使用不同的值。",
        "This Idempotency-Key was used to create the upload of another file. Use a key of its own for each file.",
    ),
    errors.TooManyUploads: Problem(
        429,
        "too-many-uploads",
        "本工作站已有 {open_uploads} 个上传未完成（上限 {max_uploads} 个），请先完成或终止其中一些。",
        "This station has {open_uploads} open uploads already (at most {max_uploads}). Finish or terminate some first.",
    ),
    errors.TooManyTerminated: Problem(
        429,
        "too-many-terminated",
        "本工作站这一小时内已终止 {terminated} 个上传（上限 {max_terminated} 个），请在 {retry_after_seconds} 秒后"
        "再建立新的上传，并检查客户端是否反复建立又终止。",
        "This station has terminated {terminated} uploads within the hour (at most {max_terminated}). Create the next "
        "in {retry_after_seconds} s, and see whether the client creates and terminates over and over.",
    ),
    errors.QuotaExceeded: Problem(
        429,
        "quota",
        "本工作站待封存数据已有 {waiting_size}，上限 {max_waiting_size}，"
        "容不下这次上传所需的 {wanted_size}；请等待封存后再传，若有上传未能封存，由管理员处理。",
        "Of this station {waiting_size} are waiting, of at most {max_waiting_size}, which leaves no room for the "
        "{wanted_size} that this upload needs. Wait until some are sealed; have the administrator retry or release "
        "those that failed.",
    ),
    errors.ChecksumDiffers: Problem(
        460,
        "checksum",
        "数据的 {algorithm} 校验值不符，这一段未保存；请从原偏移重发。",
        "The body's {algorithm} does not match; none of it is kept. Send it again from the same offset.",
    ),
    errors.AtAnotherNode: Problem(
        503,
        "another-node",
        "该上传的数据在采集节点“{node}”上，本节点未作任何改动；反向代理应把 /uploads/{path} 转给该节点。请稍后重试。",
        'The bytes of this upload are on ingest node "{node}", and nothing was changed here. The proxy has to pass '
        "/uploads/{path} on to that node. Try again later.",
    ),
    errors.RegisterUnavailable: Problem(
        503,
        "catalog",
        "目录数据库暂不可用，已收字节不会丢失，请稍后续传。",
        "The catalog does not answer at the moment; received bytes are safe. Resume later.",
    ),
    errors.StagingFull: Problem(
        507,
        "staging-full",
        "暂存磁盘已满，已收字节已保存；请通知管理员腾出空间后续传。",
        "The staging disk is full; what arrived is kept. Have the administrator make room, then resume.",
    ),
    errors.NoRoomToOpen: Problem(
        507,
        "no-room",
        "暂存磁盘余量不足，放不下这次上传所需的 {length_size}；没有建立上传，也没有收下任何字节，请保留原文件，"
        "通知管理员腾出空间后重新创建上传。",
        "The staging disk has no room for the {length_size} of this upload: no upload was created, and no byte of it "
        "is kept. Keep the file, have the administrator make room, then create the upload again.",
    ),
    errors.StagingDamaged: Problem(
        410,
        "staging-damaged",
        "该上传的暂存数据已损坏，请重新创建上传并通知管理员。",
        "The staged bytes of this upload are damaged. Create a new upload and tell the administrator.",
    ),
}

_WEIGHT = re.compile(r"q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*$", re.IGNORECASE)


def problem_of(error: RequestRefused) -> Problem:
    return PROBLEMS.get(type(error), UNEXPECTED)


def describe_problem(problem: Problem, facts: Mapping[str, object], accept_language: str | None) -> tuple[bytes, str]:
    """The body and its language. Both sentences go along, so that a log can be read by either reader; and by itself the
    name of the node that has the bytes, where another has them."""
    sentences = {
        "zh-CN": problem.zh.format_map(_with_sizes(facts, "{} 字节", "（{}）")),
        "en": problem.en.format_map(_with_sizes(facts, "{} bytes", " ({})")),
    }
    language = preferred_language(accept_language)
    body = {
        "type": f"urn:liuhen:problem:upload:{problem.code}",
        "title": sentences[language],
        "status": problem.status,
        "sentences": sentences,
    }
    if "node" in facts:
        body["node"] = facts["node"]
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"), language


def _with_sizes(facts: Mapping[str, object], unit: str, brackets: str) -> dict[str, object]:
    """Beside each fact of bytes (`x_bytes`) its words (`x_size`): a person reads 64 GiB, who looks into it bytes."""
    sizes = {
        f"{name.removesuffix('_bytes')}_size": _size_words(value, unit, brackets)
        for name, value in facts.items()
        if name.endswith("_bytes") and isinstance(value, int)
    }
    return {**facts, **sizes}


def _size_words(size_bytes: int, unit: str, brackets: str) -> str:
    exact = unit.format(size_bytes)
    for power, name in ((30, "GiB"), (20, "MiB")):
        if size_bytes >= 1 << power:
            return f"{size_bytes / (1 << power):.1f}".removesuffix(".0") + f" {name}{brackets.format(exact)}"
    return exact


def preferred_language(accept_language: str | None) -> str:
    """Chinese, unless English is asked for with a greater weight (RFC 9110, 12.5.4)."""
    weights = {"zh": 0.0, "en": 0.0}
    for choice in (accept_language or "").split(",")[:20]:
        tag, _, parameter = choice.strip().partition(";")
        weight = _WEIGHT.search(parameter)
        primary = tag.strip().lower().partition("-")[0]
        if primary in weights:
            weights[primary] = max(weights[primary], float(weight.group(1)) if weight else 1.0)
    return "en" if weights["en"] > weights["zh"] else "zh-CN"
