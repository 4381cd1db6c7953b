"""The one place where errors become HTTP: a status, a code, and a sentence in Chinese or English (RFC 9457).

The English sentence is the error's own; the Chinese one is here, over the error's facts. What is in no table is a
fault of ours: it is logged, and the client learns no more than that. problem_responses.py sends it; a
command says the same sentences, and needs no web framework for them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api import export, trust_folder
from api.http import chinese_review
from api.http.chinese_acts import TIME_PROBLEMS, kind_unknown, open_act
from api.http.chinese_archiving import ADDED_PROBLEMS, what_is_missing
from api.http.chinese_cases import PERSON_PROBLEMS, next_stages, officers_missing, possible_procedures
from api.http.chinese_documents import (
    FIELD_PROBLEMS,
    KINDS,
    SIGNING_PROBLEMS,
    stages_of_kind,
    what_is_lacking,
)
from api.http.chinese_facts import (
    CASE_FILE_PROBLEMS,
    DAY_PROBLEMS,
    PAPER_PROBLEMS,
    STARTS_FILE_PROBLEMS,
    in_chinese,
)
from api.http.errors import HttpRefused
from api.pages.document_words import SIGNING_ROLES
from api.pages.words import EVENT_KINDS
from casework import errors as casework
from casework.archiving import errors as archiving
from casework.completeness import errors as completeness
from casework.deadlines import errors as deadlines
from casework.documents import errors as documents
from casework.elements import errors as elements
from casework.procedure import errors as procedure
from casework.register import errors as register
from casework.retrieval import errors as retrieval
from casework.review import errors as review
from casework.rooms import errors as rooms
from casework.rules import errors as rules
from ingest.errors import RecoveryNotPossible, RecoveryUnderWay, UploadNotInTrouble
from ingest.stations import errors as stations
from ingest.uploads.errors import UploadRefused
from ingest.uploads.problems import problem_of as upload_problem_of
from integrity import errors as integrity
from retention import errors as retention
from storage import errors as storage


@dataclass(frozen=True)
class Problem:
    """`chinese` is a template over the error's fields; `english` None: the error's own words."""

    status: int
    code: str
    chinese: str
    english: str | None = None


REFUSAL_CHINESE = {
    "inactive": "您的账号已停用，请联系管理员",
    "other_unit": "该记录属于其他单位，请联系该单位",
    "not_linked": "该记录尚未归入案件，而调阅按案件授权；请先归入案件",
    "no_grant": "您没有调阅授权；请说明用途和案件，提出调阅申请",
    "not_yours": "该授权属于他人；请提出自己的申请",
    "wrong_kind": "该授权的种类不符（查看或复制）；请申请所需种类",
    "wrong_case": "该授权针对另一案件；请为本案提出申请",
    "expired": "授权已到期；请重新申请",
    "revoked": "授权已被撤销；请联系撤销人",
    "secrecy": "该记录所属案件的密级不向您开放；如需调阅，请联系本单位主管",
    "asker_secrecy": "案件的密级不向申请人开放；请不予批准，或先将其指定为本案承办人员",
    "never_copied": "该密级的记录不得复制出本系统；请在系统内查看",
    "released": "您已不是本案承办人员，直接查看随之终止；如仍需查看请提出申请",
}

NOTHING_TO_COPY = "no recording stands in the case, so there is nothing to copy: link one first"
PROBLEMS: dict[type[Exception], Problem] = {
    casework.OwnRequest: Problem(403, "own-request", "不能审批本人的申请，须由他人审批"),
    casework.OwnAccount: Problem(403, "own-account", "不能更改本人的角色或账号，须由另一名管理员办理"),
    casework.TextUnusable: Problem(422, "text", "“{field}”无法使用（{problem}），请更正后重新提交"),
    casework.WordUnknown: Problem(422, "word", "“{field}”的值 {found} 不在可选范围内：{known}"),
    casework.Taken: Problem(409, "taken", "“{field}” {value} 已被使用，请查找原有记录或另选"),
    casework.SpanUnusable: Problem(422, "span", "时间段无法使用（{problem}）"),
    casework.PlaceUnusable: Problem(
        422,
        "place",
        "地点 {latitude}, {longitude} 无法使用：{problem}。须为 WGS-84 经纬度（度）；"
        "国内地图的坐标（GCJ-02）有数百米偏差，须先换算",
    ),
    casework.NobodyAssigned: Problem(422, "nobody-assigned", "请至少填写执法人员或设备中的一项"),
    casework.ExpiryUnusable: Problem(422, "expiry", "授权期限无法使用：最迟可到 {latest}"),
    casework.RangeOutside: Problem(416, "range", "请求的范围超出文件（{size_bytes} 字节）"),
    casework.StageOutOfOrder: Problem(409, "stage", "案件当前环节为“{current}”，不能直接进入“{wanted}”；{why}"),
    casework.StageNeeds: Problem(409, "stage-needs", "暂不能进入“{wanted}”：{missing}"),
    casework.OfficersMissing: Problem(409, "officers-missing", "暂不能进入“{wanted}”：{why}"),
    casework.OfficerReleased: Problem(409, "officer-released", "该承办人员已于 {released_at} 解除，无需再办"),
    casework.PersonUnusable: Problem(422, "person", "{name}{problem}"),
    casework.ProcedureSettled: Problem(409, "procedure", "本案程序为“{procedure}”，当前环节为“{stage}”；{why}"),
    casework.CaseClosed: Problem(409, "case-closed", "案件已于 {closed_at} 结案，不再接受更改"),
    casework.CaseArchived: Problem(
        409, "case-archived", "案件已于 {archived_at} 归档，不再接受更改；迟到的记录由主管办理补充归档并说明理由"
    ),
    archiving.NotArchivable: Problem(409, "not-archivable", "暂不能归档：{why}"),
    archiving.AlreadyArchived: Problem(
        409, "already-archived", "案件已于 {archived_at} 归档，无需再办；迟到的记录请办理补充归档"
    ),
    archiving.NotArchived: Problem(409, "not-archived", "案件尚未归档，请按一般方式将记录归入案件"),
    archiving.RecordingsMoved: Problem(409, "recordings-moved", "刚有记录归入本案；请核对后重新归档"),
    archiving.SecrecyUnchanged: Problem(409, "unchanged", "案件的密级已是“{secrecy_class}”，未作更改"),
    archiving.OwnSecrecy: Problem(403, "own-secrecy", "现有密级由您本人确定，降低密级须由另一名主管办理"),
    archiving.StateSecretRefused: Problem(
        422,
        "state-secret",
        "本系统未获准处理国家秘密；请在获准的系统中办理，或由运维人员在 LIUHEN_STATE_SECRET_LICENCE 中填写批准文件编号",
    ),
    archiving.NothingAdded: Problem(422, "nothing-added", "{problem}"),
    casework.AlreadyLinked: Problem(409, "already-linked", "该记录已归入该案件；如需移动，请先解除"),
    casework.LinkEnded: Problem(409, "link-ended", "该关联已解除，无需再办"),
    casework.InSeveralCases: Problem(
        409,
        "in-several-cases",
        "该记录同时归入几个案件，无法判断要更正哪一个；请在记录页面逐一解除有误的关联，再归入正确的案件",
    ),
    casework.AlreadyAnswered: Problem(409, "already-answered", "该问题已有人答复；如需更正，请手工关联案件"),
    casework.AlreadyDecided: Problem(409, "already-decided", "该申请已有审批结果（{state}）；可撤销授权或重新申请"),
    casework.AlreadyRevoked: Problem(409, "already-revoked", "该授权已被撤销，无需再办"),
    casework.AlreadyFinished: Problem(409, "already-finished", "该导出已完成；请另行导出"),
    retrieval.NoWay: Problem(
        409, "no-way", "现行调阅规则没有规定{who}如何{access}记录，不能申请；请管理员载入有此规定的调阅规则"
    ),
    retrieval.NotTheApprover: Problem(403, "not-the-approver", "该申请须由{post}审批{who_may}"),
    retrieval.NotTheAsker: Problem(403, "not-the-asker", "附件须由提出申请的人提交"),
    retrieval.PapersMissing: Problem(409, "papers-missing", "该申请缺少附件：{missing}；请申请人补交后再审批"),
    retrieval.PapersUnusable: Problem(422, "papers", "“{name}”{problem}"),
    retrieval.VisitorUnusable: Problem(422, "visitor", "其他机关和律师须写明单位名称（机关、律师事务所）"),
    retrieval.PostUnfit: Problem(422, "post-unfit", "{name}不能任{post}：须为在用账号，且角色为{role}"),
    retrieval.PostEnded: Problem(409, "post-ended", "该任职已于 {ended_at} 终止，无需再办"),
    register.DeviceUnknown: Problem(404, "device-unknown", "没有编号为 {code} 的设备；请核对编号，或先登记该设备"),
    register.DeviceAmbiguous: Problem(409, "device-ambiguous", "多个单位有编号为 {code} 的设备；请指明单位"),
    register.DeviceRetired: Problem(409, "device-retired", "设备 {code} 已于 {retired_at} 停用；请另选设备"),
    register.DeviceIsOut: Problem(409, "device-is-out", "设备 {code} 自 {issued_from} 起在 {holder} 处；请先办理交还"),
    register.DeviceWasOut: Problem(
        409,
        "device-was-out",
        "设备 {code} 在 {issued_from} 至 {returned_at} 由 {holder} 使用；请改用其他时间，或先将该次配发作废",
    ),
    register.AlreadyReturned: Problem(409, "already-returned", "设备 {code} 已于 {returned_at} 交还，无需再办"),
    register.AlreadyVoided: Problem(409, "already-voided", "已于 {voided_at} 作废，无需再办"),
    register.OfficerUnknown: Problem(
        404, "officer-unknown", "没有编号或用户名为 {text} 的在用人员；请核对，并注意前导零是否丢失"
    ),
    register.OfficerAmbiguous: Problem(409, "officer-ambiguous", "多名人员的编号为 {text}；请改用用户名"),
    register.OfficerElsewhere: Problem(
        409, "officer-elsewhere", "{name} 不属于设备 {code} 所在的单位及其下级单位；请先在该单位登记设备"
    ),
    register.TimeUnusable: Problem(422, "time", "时间 {at} 无法使用：{problem}"),
    register.DaysUnusable: Problem(422, "days", "有效期自 {valid_from} 至 {last_day} 无法使用；请核对起止日期"),
    register.DayOutOfRange: Problem(
        422, "days", "日期 {day} 不在 1990 年至 2200 年之间；请核对年份，长期有效的证件请将有效期至留空"
    ),
    register.CertificateTaken: Problem(
        409, "certificate-taken", "证号 {number} 自 {valid_from} 起为 {holder} 所有；请核对证号和有效期"
    ),
    register.UnitUnknown: Problem(404, "unit-unknown", "没有代码为 {code} 的单位，请核对"),
    rooms.RoomElsewhere: Problem(
        422, "room-elsewhere", "场所“{room}”不属于设备 {code} 登记的单位及其下级单位；请另选场所或设备"
    ),
    rooms.RoomTimeUnusable: Problem(422, "time", "时间 {at} 无法使用：{problem}"),
    rooms.RoomNotYet: Problem(422, "room-not-yet", "场所“{room}”自 {in_use_from} 起启用；请核对时间或场所"),
    rooms.RoomClosed: Problem(409, "room-closed", "场所“{room}”已于 {closed_at} 停用；请另选场所，或更早的时间"),
    rooms.RoomNotEmpty: Problem(409, "room-not-empty", "场所“{room}”内还有设备 {devices}；请先办理取出"),
    rooms.RoomInSession: Problem(
        409, "room-in-session", "场所“{room}”自 {starts_at} {until}；请更正时间，或先登记该次使用结束"
    ),
    rooms.SessionEnded: Problem(409, "session-ended", "该次使用已于 {ended_at} 结束；如有误，请由主管撤回后重新登记"),
    rooms.SessionHasCase: Problem(409, "session-has-case", "该次使用已归入案件；如有误，请由主管撤回后重新登记"),
    rooms.SessionWithdrawn: Problem(409, "session-withdrawn", "该次使用已于 {withdrawn_at} 撤回；如确有其事请重新登记"),
    rooms.ActOfRoom: Problem(
        409, "act-of-room", "该执法行为是一次办案场所使用，请在“办案场所”登记其结束，或由主管在该处撤回后重新登记"
    ),
    register.TableUnreadable: Problem(422, "table", "文件无法使用：{problem}"),
    register.ColumnMissing: Problem(422, "table", "缺少列“{column}”：首行须为各列的名称"),
    register.CellMissing: Problem(422, "table", "“{column}”为空，请填写"),
    register.CellUnusable: Problem(422, "table", "“{column}”的内容“{text}”{problem}"),
    completeness.CaseFileUnusable: Problem(422, "case-file", "案件文件 {where} {problem}；更正后重试"),
    deadlines.StartsUnusable: Problem(422, "starts-file", "起算日文件{line} {problem}"),
    deadlines.EventDayUnusable: Problem(422, "event-day", "事项日期 {day} {problem}"),
    deadlines.DoneDayUnusable: Problem(422, "done-day", "办理日期 {day} {problem}"),
    deadlines.EventEntered: Problem(409, "event-entered", "本案已登记 {day} 的“{kind}”，无需重复登记"),
    deadlines.EventWithdrawn: Problem(
        409, "event-withdrawn", "该事项已于 {withdrawn_at} 撤回，期限随之终止；如确有其事请重新登记"
    ),
    deadlines.TermFulfilled: Problem(
        409, "term-fulfilled", "该期限已登记于 {done_on} 办结；如有误，请由主管撤回起算事项后重新登记"
    ),
    documents.FieldUnusable: Problem(422, "field", "“{label}”{problem}"),
    documents.SignUnprintable: Problem(
        422, "sign", "“{label}”中的“{sign}”（{code}）不在文书字库中，无法印出；请改用其他写法，如以文字说明字形"
    ),
    documents.TemplateMissing: Problem(409, "template", "{day} 没有有效的“{kind}”式样，见 liuhen admin template list"),
    documents.OfOtherStage: Problem(409, "other-stage", "“{kind}”用于{stages}环节，案件当前环节为“{stage}”"),
    documents.DocumentIncomplete: Problem(409, "document-incomplete", "文书尚不完整。{why}"),
    documents.DocumentChanged: Problem(409, "document-changed", "{why}；请刷新页面，核对后重新保存"),
    documents.DocumentFinal: Problem(
        409, "document-final", "文书已于 {finalised_at} 定稿，不再更改；如有错误，请说明理由作废后另行起草"
    ),
    documents.DocumentNotFinal: Problem(409, "document-not-final", "文书还是草稿，请先定稿"),
    documents.DocumentWithdrawn: Problem(409, "document-withdrawn", "文书已于 {withdrawn_at} 作废，请另行起草"),
    documents.DocumentSealed: Problem(409, "document-sealed", "文书已于 {sealed_at} 盖章，无需再办"),
    documents.SignatureRefused: Problem(409, "signature-refused", "不能签名（{role}）：{problem}"),
    documents.IssuerMissing: Problem(
        409,
        "issuer-missing",
        "本单位及上级单位尚未设定制发机关名称和代字；请管理员在本机设定：liuhen admin seal issuer",
    ),
    documents.SealMissing: Problem(
        409, "seal-missing", "本单位没有今日有效的电子印章；请管理员在本机登记：liuhen admin seal make 或 load"
    ),
    documents.SealUnusable: Problem(422, "seal-unusable", "不能用作电子印章：{reason}"),
    documents.RenderingFailed: Problem(
        500,
        "rendering",
        "文书式样无法排版，请联系管理员",
        "the template cannot be rendered: call the administrator",
    ),
    rules.RuleFileUnusable: Problem(422, "policy", "规则文件{place} {problem}{known}；更正后重新载入"),
    rules.PolicyOverlaps: Problem(
        409,
        "policy-overlaps",
        "{jurisdiction} 第 {version} 版与第 {other} 版的有效期重叠（后者自 {valid_from} 起）；请另选日期，"
        "或写明 supersedes: {other}，使其于前一日终止",
    ),
    rules.PolicyVersionTaken: Problem(
        409,
        "policy-version",
        "{jurisdiction} 第 {version} 版已载入且内容不同；版本不能更改，请用下一个版本号",
    ),
    rules.PolicyBegun: Problem(
        409,
        "policy-begun",
        "取代旧版的规则、单位自己的规则不能自 {valid_from} 起生效：该日的事项已按原规则认定；最早可自 {earliest} 起",
    ),
    rules.NothingToSupersede: Problem(
        409,
        "policy-supersedes",
        "{jurisdiction} 没有未定终止日的第 {version} 版可供取代，见 "
        "liuhen admin policy list、checklist list、terms list、retention list 或 retrieval list",
    ),
    elements.QuestionChanged: Problem(
        409, "question-changed", "该记录的“{element}”已有人答复，或情况已变化；请刷新页面，按现在的内容处理"
    ),
    elements.CandidateGone: Problem(409, "candidate-gone", "所选的“{element}”已不在候选之列；请刷新页面后重新选择"),
    elements.ValueUnusable: Problem(422, "element-value", "“{element}”无法使用：{problem}"),
    elements.ReasonNeeded: Problem(422, "reason", "{why}"),
    elements.NotYourRecording: Problem(403, "not-yours", "该记录属于另一名执法人员，须由其本人或本单位主管答复"),
    procedure.ActKindUnknown: Problem(422, "act-kind", "{why}"),
    procedure.ActTimeUnusable: Problem(422, "act-time", "执法行为的时间{problem}"),
    procedure.OfficersUnusable: Problem(422, "act-officers", "{problem}"),
    procedure.ExplanationOutside: Problem(
        422, "explanation-span", "{starts_at} 至 {ends_at} 不在执法行为的时间之内，请只说明其间的时段"
    ),
    procedure.OwnExplanation: Problem(
        403, "own-explanation", "不能决定本人的说明，也不能决定本人参加的执法行为的说明，须由另一名主管办理"
    ),
    procedure.ActWithdrawn: Problem(409, "act-withdrawn", "该执法行为已于 {withdrawn_at} 撤回；如确有其事请重新登记"),
    procedure.ActEnded: Problem(409, "act-ended", "该执法行为已于 {ended_at} 结束；如有误，请说明理由予以更正"),
    procedure.ExplanationDecided: Problem(
        409, "explanation-decided", "该说明已于 {decided_at} {decision}；可撤回后另行说明"
    ),
    procedure.ExplanationWithdrawn: Problem(409, "explanation-withdrawn", "该说明已于 {withdrawn_at} 撤回；请另行说明"),
    procedure.CaseIncomplete: Problem(409, "case-incomplete", "不能结案：{why}"),
    review.GateShut: Problem(409, "gate", "不能办理：{why}"),
    review.PassForged: Problem(409, "pass-forged", "该审核意见不是本档案签发的，未作任何更改；请立即联系审计人员"),
    review.DecisionSettled: Problem(409, "decision-settled", "不能这样办理该决定：{why}"),
    review.ReviewSettled: Problem(409, "review-settled", "不能这样办理：{why}"),
    review.DecisionUnusable: Problem(422, "decision", "{why}"),
    review.CommitteeUnusable: Problem(422, "committee", "{why}"),
    review.TransferUnusable: Problem(422, "transfer", "{why}"),
    review.AnswersUnusable: Problem(422, "review-answers", "“{question}”{why}"),
    review.ReviewerBarred: Problem(403, "reviewer-barred", "{why}"),
    retention.UnknownRetentionClass: Problem(422, "retention-class", "没有保管期限 {code}，请从列表中选择"),
    retention.UnknownSubject: Problem(404, "unknown", "找不到该{kind}（{id}），请核对编号"),
    retention.OutsideUnit: Problem(403, "other-unit", "该{kind}属于其他单位，请联系该单位"),
    retention.DeedNotAllowed: Problem(403, "role", "您的角色（{role}）无权进行此操作；可由以下角色办理：{allowed}"),
    retention.ReasonUnusable: Problem(422, "reason", "请用一句话说明理由"),
    retention.HoldTargetUnclear: Problem(422, "hold-target", "保全须针对一条记录或一个案件，二者择一"),
    retention.AlreadyReleased: Problem(409, "already-released", "该保全已解除，无需再办"),
    retention.ShorteningRefused: Problem(409, "shortening", "缩短保管期限须两人办理并经过等待期；请选择更长的期限"),
    retention.ClassUnchanged: Problem(409, "unchanged", "该记录已是此保管期限，未作更改"),
    retention.CursorInvalid: Problem(422, "cursor", "翻页标记无效，请从第一页重新开始"),
    storage.StoreFull: Problem(507, "store-full", "存储空间不足；已有数据不受影响，请腾出空间后重试"),
    storage.ObjectStoreError: Problem(
        503, "store", "存储暂不可用，请稍后重试", "the object store does not answer: try again later"
    ),
    storage.DecryptionFailed: Problem(
        500,
        "altered",
        "存储的数据与封存时不符，已停止读取；请立即联系审计人员",
        "what is stored is not what was sealed; reading was stopped: call an auditor at once",
    ),
    storage.KeyStoreError: Problem(
        503, "keys", "密钥库不可用，请联系管理员", "the key store does not give the key: call the administrator"
    ),
    storage.LedgerStorageError: Problem(
        503, "ledger", "账本暂不可用，请联系管理员", "the ledger's storage does not answer: call the administrator"
    ),
    stations.StationUnknown: Problem(404, "unknown", "找不到该工作站（{station_id}），请核对编号"),
    stations.StationNameUnusable: Problem(422, "text", "工作站名称无法使用，请填写一行不超过 200 字的名称"),
    stations.StationNameTaken: Problem(409, "taken", "工作站名称 {name} 已被使用，请另选"),
    stations.StationRevoked: Problem(409, "already-revoked", "该工作站的凭证已被吊销，无需再办"),
    stations.StationCodeRefused: Problem(
        403, "station-code", "一次性代码不正确、已使用或已过期；请核对输入，仍不行时请管理员重新生成"
    ),
    stations.StationKeyTaken: Problem(409, "key-taken", "该公钥已登记过；请在工作站上重新生成密钥对"),
    stations.StationKeyReplaced: Problem(409, "key-replaced", "该工作站的凭证已被更换，请改用新的凭证"),
    stations.CertificateTaken: Problem(409, "taken", "该客户端证书已绑定到另一台工作站"),
    stations.SignatureRefused: Problem(401, "credential-refused", "请求的签名无效"),
    RecoveryNotPossible: Problem(409, "no-recovery", "该记录无法这样恢复（{why}）；请核对记录或另选一份完整的参考录像"),
    RecoveryUnderWay: Problem(409, "recovery-under-way", "该记录的副本正在制作；请等制作结束后再提出"),
    UploadNotInTrouble: Problem(
        409, "not-in-trouble", "上传 {upload_id} 的状态为 {state}，无需处理；见 liuhen admin upload list"
    ),
    integrity.KeyFileError: Problem(
        503, "keys", "签名密钥不可用，请联系管理员", "a signing key cannot be used: call the administrator"
    ),
    integrity.PackageError: Problem(
        500,
        "package",
        "数据包未能生成或已损坏，请重新导出",
        "the package could not be made, or is damaged: export again",
    ),
    integrity.AuthorityUnreachable: Problem(503, "timestamp", "时间戳服务暂不可用，请稍后重试"),
    integrity.EvidenceError: Problem(500, "evidence", "证据核验未通过：{error}"),
    PoolTimeout: Problem(
        503, "busy", "系统繁忙，请稍后重试", "too many requests wait for the database: try again later"
    ),
    trust_folder.AuthorityUnpinned: Problem(
        503,
        "trust",
        "尚未固定时间戳服务的证书，无法导出；请联系管理员",
        "no time-stamping authority is pinned, so nothing can be exported: call the administrator",
    ),
    trust_folder.TrustContradiction: Problem(
        503,
        "trust",
        "密钥目录与账本公示的密钥不符，已停止；请立即联系管理员",
        "the keys in the key folder are not those that were announced: call the administrator at once",
    ),
    export.NothingToCopy: Problem(
        409, "nothing-to-copy", "案件中没有原始记录，无可导出；请先归入记录", NOTHING_TO_COPY
    ),
    export.EntriesWithoutPlace: Problem(
        503,
        "ledger",
        "账本有 {waiting} 个条目尚未定序，未导出任何内容；请稍后重试",
        "some ledger entries have no place yet, so nothing was copied: try again later",
    ),
    export.NoRoomForCopy: Problem(
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
UNEXPECTED = Problem(
    500,
    "internal",
    "服务器内部错误，未作任何更改；请稍后重试，如仍出现请联系管理员",
    "internal error, nothing was changed: try again later, and tell the administrator if it stays",
)


_OF_A_COLUMN = (register.ColumnMissing, register.CellMissing, register.CellUnusable)


def problem_of(error: Exception, language: str) -> dict[str, Any]:
    """The problem document of an error: type, title, status, detail, and `reason` of a refused access.

    Both sentences go along, so that a program's log can be read by either reader.
    """
    if isinstance(error, UploadRefused):
        upload = upload_problem_of(error)
        facts = vars(error)
        return problem_document(
            f"upload:{upload.code}", upload.status, upload.zh.format_map(facts), upload.en.format_map(facts), language
        )
    if isinstance(error, HttpRefused):
        return problem_document(error.code, error.status, error.chinese, error.english, language)
    if isinstance(error, casework.AccessRefused):
        chinese = REFUSAL_CHINESE[error.reason]
        return {**problem_document("access-refused", 403, chinese, str(error), language), "reason": error.reason}
    problem = next((PROBLEMS[kind] for kind in type(error).__mro__ if kind in PROBLEMS), UNEXPECTED)
    chinese = problem.chinese.format_map(_facts(error))
    return problem_document(problem.code, problem.status, chinese, problem.english or str(error), language)


def problem_document(code: str, status: int, chinese: str, english: str, language: str) -> dict[str, Any]:
    """The problem document itself, whatever it is of."""
    title = chinese if language == "zh" else english
    return {
        "type": f"urn:liuhen:problem:{code}",
        "title": title,
        "status": status,
        "detail": title,
        "sentences": {"zh-CN": chinese, "en": english},
    }


def _reason_needed(element: str, none: bool) -> str:
    if none:
        return "请说明不属于任何案件的理由" if element == in_chinese("case") else f"请说明无法提供“{element}”的理由"
    return f"“{element}”没有其他依据支持，请用一句话说明理由"


def _facts(error: Exception) -> Mapping[str, Any]:
    facts = {name: in_chinese(fact) for name, fact in {**vars(error), "error": error}.items()}
    if isinstance(error, rules.RuleFileUnusable):
        known = f"（可用：{'、'.join(error.known)}）" if error.known else ""
        line = f"第 {error.line} 行" if error.line else ""
        where = "" if line and error.where == rules.THE_FILE else f" {facts['where']}"
        facts |= {"place": f"{line}{where}", "known": known}
    if isinstance(error, completeness.CaseFileUnusable):
        facts["where"] = re.sub(r"^line (\d+)", r"第 \1 行", error.where.replace("the file", "整个文件")).strip()
        facts["problem"] = CASE_FILE_PROBLEMS[error.problem]
    if isinstance(error, deadlines.StartsUnusable):
        text = f"“{error.text}”" if error.text else ""
        facts |= {
            "line": f"第 {error.line} 行{text}" if error.line else "",
            "problem": STARTS_FILE_PROBLEMS[error.problem],
        }
    if isinstance(error, deadlines.EventDayUnusable | deadlines.DoneDayUnusable):
        facts["problem"] = DAY_PROBLEMS[error.problem]
    if isinstance(error, review.ReviewError):
        facts |= chinese_review.facts_of(error)
    if isinstance(error, deadlines.EventEntered):
        facts["kind"] = EVENT_KINDS[error.kind]
    if isinstance(error, procedure.ActKindUnknown):
        facts["why"] = kind_unknown(error)
    if isinstance(error, casework.StageOutOfOrder):
        facts["why"] = next_stages(error)
    if isinstance(error, casework.OfficersMissing):
        facts["why"] = officers_missing(error)
    if isinstance(error, casework.PersonUnusable):
        facts["problem"] = PERSON_PROBLEMS[error.problem]
    if isinstance(error, casework.ProcedureSettled):
        facts["why"] = possible_procedures(error)
    if isinstance(error, procedure.ActTimeUnusable):
        facts["problem"] = TIME_PROBLEMS[error.problem]
    if isinstance(error, retrieval.PapersUnusable):
        facts["problem"] = PAPER_PROBLEMS[error.problem]
    if isinstance(error, retrieval.NotTheApprover):
        facts["who_may"] = f"（{'、'.join(error.names)}）" if error.names else "，目前无人担任；请管理员任命"
    if isinstance(error, procedure.CaseIncomplete):
        facts["why"] = "；".join(map(open_act, error.acts))
    if isinstance(error, archiving.NotArchivable):
        facts["why"] = "；".join(map(what_is_missing, error.missing))
    if isinstance(error, archiving.NothingAdded):
        facts["problem"] = ADDED_PROBLEMS[error.problem]
    if isinstance(error, documents.DocumentError):
        facts |= _document_facts(error)
    if isinstance(error, rooms.RoomInSession):
        facts["until"] = "起正在使用" if error.ends_at is None else f"至 {facts['ends_at']} 正被使用"
    if isinstance(error, elements.ReasonNeeded):
        facts["why"] = _reason_needed(str(facts["element"]), error.none)
    # A column of a table goes by several headings, the Chinese one first.
    return facts | ({"column": error.columns[0]} if isinstance(error, _OF_A_COLUMN) else {})


def _document_facts(error: documents.DocumentError) -> dict[str, Any]:
    match error:
        case documents.FieldUnusable():
            return {
                "label": error.name if error.problem == "unknown" else error.label,
                "problem": FIELD_PROBLEMS[error.problem],
            }
        case documents.SignUnprintable():
            return {"code": f"U+{ord(error.sign):04X}"}
        case documents.TemplateMissing():
            return {"kind": KINDS[error.kind]}
        case documents.OfOtherStage():
            return {"kind": KINDS[error.kind], "stages": stages_of_kind(error)}
        case documents.DocumentIncomplete():
            return {"why": what_is_lacking(error)}
        case documents.DocumentChanged():
            return {"why": "案件的内容已有变化" if error.by == "case" else "他人已保存了此文书"}
        case documents.SignatureRefused():
            return {"role": SIGNING_ROLES[error.role], "problem": SIGNING_PROBLEMS[error.problem]}
        case _:
            return {}
