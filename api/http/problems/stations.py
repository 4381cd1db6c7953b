"""Stations, their credentials, and uploads and recordings that an administrator looks after."""

from __future__ import annotations

from api.http.problems.problem import Problem, Problems
from ingest.rendering.errors import RecoveryNotPossible, RecoveryUnderWay
from ingest.sealing.errors import ObjectLost, UploadNotInTrouble
from ingest.stations import errors as stations

PROBLEMS: Problems = {
    stations.StationUnknown: Problem(404, "unknown", "找不到该工作站（{station_id}），请核对编号"),
    stations.StationNameUnusable: Problem(422, "text", "工作站名称无法使用，请填写一行不超过 200 字的名称"),
    stations.StationNameTaken: Problem(
        409,
        "taken",
        "工作站名称 {name} 已被使用。若就是这台工作站，请在名单中它的一行点“更改”，再点“生成一次性代码”；"
        "若是另一台，或名单中没有可更改的这一名称（已吊销，或属其他单位），请另选名称",
    ),
    stations.StationRevoked: Problem(
        409, "already-revoked", "该工作站已于 {revoked_at} 吊销，吊销不能撤回；仍要使用时，请另选名称重新登记"
    ),
    stations.StationCodeRefused: Problem(
        403, "station-code", "一次性代码不正确、已使用或已过期；请核对输入，仍不行时请管理员重新生成"
    ),
    stations.StationKeyTaken: Problem(409, "key-taken", "该公钥已登记过；请在工作站上重新生成密钥对"),
    stations.StationKeyUnsafe: Problem(
        422, "key-unsafe", "该公钥不是可用的 Ed25519 公钥，任何人都能冒充其签名；请在工作站上重新生成密钥对"
    ),
    stations.StationKeyUnproven: Problem(
        422, "key-unproven", "新公钥须附持有证明（Station-Key-Proof）；请更新工作站上的采集程序后重试"
    ),
    stations.StationKeyReplaced: Problem(409, "key-replaced", "该工作站的凭证已被更换，请改用新的凭证"),
    stations.CertificateTaken: Problem(
        409, "taken", "该客户端证书已绑定到另一台工作站；请为本站另发证书，或先解除另一台的绑定"
    ),
    stations.SignatureRefused: Problem(401, "credential-refused", "请求的签名无效"),
    RecoveryNotPossible: Problem(409, "no-recovery", "该记录无法这样恢复（{why}）；请核对记录或另选一份完整的参考录像"),
    RecoveryUnderWay: Problem(409, "recovery-under-way", "该记录的副本正在制作；请等制作结束后再提出"),
    ObjectLost: Problem(
        410, "object-lost", "上传 {upload_id} 已封存，但存储的对象缺失或不符；请保留原件并重新上传，档案即可恢复完整"
    ),
    UploadNotInTrouble: Problem(
        409, "not-in-trouble", "上传 {upload_id} 的状态为 {state}，无需处理；见 liuhen admin upload list"
    ),
}
