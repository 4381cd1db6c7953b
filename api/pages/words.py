"""Words of the catalog in the words of a page. Chinese is the message id; a code without a word is shown as it is."""

from __future__ import annotations

from collections.abc import Mapping

from api.i18n import mark
from api.pages.claim_words import (
    CLAIM_KINDS,
    CLAIM_NOTES,
    CLAIM_SOURCES,
    CLOCK_NOTES,
    CLOCK_ROLES,
    CONFIDENCES,
    REFUSED_CLAIMS,
    SEGMENT_BASES,
    TRACK_SOURCES,
)
from api.pages.element_words import BASES, ELEMENT_PROBLEMS, ELEMENT_SOURCES, ELEMENT_STATES, ELEMENTS

ROLES: Mapping[str, str] = {
    "officer": mark("执法人员"),
    "supervisor": mark("主管"),
    "legal_reviewer": mark("法制审核人员"),
    "publisher": mark("公示人员"),
    "auditor": mark("审计人员"),
    "administrator": mark("管理员"),
}
CASE_KINDS: Mapping[str, str] = {
    "inspection": mark("行政检查"),
    "coercion": mark("行政强制"),
    "penalty": mark("行政处罚"),
}
STAGES: Mapping[str, str] = {
    "initiation": mark("启动"),
    "investigation": mark("调查取证"),
    "decision": mark("审核决定"),
    "execution": mark("送达执行"),
}
ACCESS_KINDS: Mapping[str, str] = {"view": mark("查看"), "copy": mark("复制")}
REQUEST_STATES: Mapping[str, str] = {
    "pending": mark("待审批"),
    "approved": mark("已批准"),
    "refused": mark("未批准"),
}
MEDIA_STATES: Mapping[str, str] = {
    "intact": mark("完整"),
    "damaged": mark("有损坏"),
    "unreadable": mark("无法读取"),
}
MEDIA_KINDS: Mapping[str, str] = {
    "video": mark("录像"),
    "audio": mark("录音"),
    "still": mark("照片"),
    "none": mark("其他文件"),
}
MEDIA_REASONS: Mapping[str, str] = {
    "empty_file": mark("文件为空"),
    "not_media": mark("不是任何已知的音像格式"),
    "format_refused": mark("该格式不在允许打开的范围内"),
    "no_streams": mark("文件中没有音像内容"),
    "not_probed_in_time": mark("检查超时"),
    "probe_stopped": mark("检查中断：文件超出了允许的限度"),
    "moov_missing": mark("缺少索引：录制可能被突然中断"),
    "ends_early": mark("文件不完整：末尾缺失"),
    "frames_missing": mark("缺少部分画面"),
    "no_decodable_frame": mark("没有可以解码的画面"),
    "decoder_complained": mark("解码时发现错误"),
    "zero_filled": mark("部分数据被零填充"),
    "trailing_bytes": mark("文件末尾附有不属于音像的数据"),
    "no_decoder": mark("本系统没有此编码的解码器，其他软件可能可以播放"),
    "reading_stopped": mark("文件内的元数据未能读完"),
    "parser_failed": mark("检查程序无法解析此文件"),
    "not_a_moving_picture": mark("不是活动画面"),
    "no_picture": mark("没有画面"),
    "reference_needed": mark("需要同一执法记录仪的一份完整录像作参考"),
    "reference_unfit": mark("参考录像与此文件不相符"),
    "not_damaged": mark("没有损坏"),
}
RENDITIONS: Mapping[str, str] = {
    "recovery": mark("恢复副本"),
    "proxy": mark("播放副本"),
    "poster": mark("封面图"),
    "sprite": mark("预览图"),
}
LINKED_BY: Mapping[str, str] = {"person": mark("人工关联"), "window": mark("自动关联")}
MATCHES: Mapping[str, str] = {"device": mark("设备相符"), "officer": mark("执法人员相符")}
LINK_OUTCOMES: Mapping[str, str] = {
    "linked": mark("已关联案件"),
    "question": mark("没有唯一明确的案件，等待人工选择"),
    "no_case": mark("没有时间、人员或设备相符的案件"),
    "no_data": mark("缺少时间、设备或人员信息，无法自动关联案件"),
    "by_person": mark("已由人工处理"),
    "again": mark("等待重新查找"),
}
SYSTEM_ACTORS: Mapping[str, str] = {
    "custody": mark("封存程序"),
    "media": mark("媒体程序"),
    "linker": mark("案件关联程序"),
    "housekeeping": mark("日常程序"),
    "admin": mark("本机管理员"),
    "policies": mark("规则载入程序"),
    "keys": mark("密钥管理"),
    "sign_in": mark("登录程序"),
    "first_administrator": mark("首次设置"),
}
SUBJECT_KINDS: Mapping[str, str] = {
    "recording": mark("原始记录"),
    "case": mark("个案"),
    "access_request": mark("调阅申请"),
    "access_grant": mark("授权"),
    "person": mark("人员"),
    "unit": mark("单位"),
    "station": mark("采集工作站"),
    "device": mark("执法记录仪"),
    "upload": mark("上传"),
    "case_act": mark("执法行为"),
    "act_explanation": mark("未记录时段的说明"),
    "key": mark("密钥"),
    "one_time_code": mark("一次性代码"),
    "archive": mark("档案"),
    "element_policy": mark("必备要素规则"),
    "recording_checklist": mark("音像记录事项清单"),
    "unknown": mark("不明"),
}
ACTIONS: Mapping[str, str] = {
    "upload.created": mark("开始上传"),
    "upload.finished": mark("上传完成"),
    "upload.terminated": mark("取消上传"),
    "upload.expired": mark("上传过期"),
    "upload.failed": mark("上传未能封存"),
    "upload.length_declared": mark("声明上传长度"),
    "upload.retried": mark("重新封存上传"),
    "upload.released": mark("放弃未能封存的上传"),
    "recording.sealed": mark("封存"),
    "recording.received_again": mark("再次收到同一文件"),
    "recording.sidecar_attached": mark("附上旁附的轨迹文件"),
    "recording.segments_placed": mark("编排同一执法过程的分段"),
    "receipt.issued": mark("签发回执"),
    "rendition.made": mark("制作副本"),
    "recovery.asked": mark("请求借助参考录像恢复"),
    "recording.linked": mark("已归入案件"),
    "recording.unlinked": mark("解除关联"),
    "recording.link_queued": mark("请人选择案件"),
    "recording.link_answered": mark("选定案件"),
    "recording.link_withdrawn": mark("收回选择案件的请求"),
    "recording.element_answered": mark("补正必备要素"),
    "access.requested": mark("提出调阅申请"),
    "access.request_refused": mark("申请未获批准"),
    "access.granted": mark("批准授权"),
    "access.grant_revoked": mark("撤销授权"),
    "access.denied": mark("拒绝调阅"),
    "playback.window_opened": mark("开始播放"),
    "playback.window_summed_up": mark("调阅窗口到期，汇总实际发送量"),
    "export.started": mark("开始导出"),
    "export.finished": mark("导出完成"),
    "export.package_sent": mark("证据包已下载"),
    "case.opened": mark("立案建档"),
    "case.stage_entered": mark("进入环节"),
    "case.assigned": mark("已指派"),
    "case.closed": mark("已结案"),
    "case.act_added": mark("执法行为已登记"),
    "case.act_ended": mark("执法行为已结束"),
    "case.act_corrected": mark("更正执法行为"),
    "case.act_withdrawn": mark("撤回执法行为"),
    "case.gap_explained": mark("说明未记录的时段"),
    "case.explanation_confirmed": mark("确认说明"),
    "case.explanation_refused": mark("不予确认说明"),
    "case.explanation_withdrawn": mark("说明已撤回"),
    "retention.lengthened": mark("保管期限已延长"),
    "hold.placed": mark("保全已设置"),
    "hold.released": mark("保全已解除"),
    "disposal.listed": mark("列入鉴定清单"),
    "disposal.unlisted": mark("移出鉴定清单"),
    "person.created": mark("人员已新增"),
    "person.role_changed": mark("角色已更改"),
    "person.deactivated": mark("账号已停用"),
    "person.password_set": mark("密码已设置"),
    "person.signed_in": mark("已登录"),
    "person.signed_out": mark("已退出"),
    "sign_in.refused": mark("登录被拒"),
    "token.created": mark("签发访问令牌"),
    "token.revoked": mark("吊销访问令牌"),
    "code.issued": mark("签发一次性代码"),
    "code.used": mark("使用一次性代码"),
    "unit.created": mark("单位已新增"),
    "station.enrolled": mark("登记采集工作站"),
    "station.revoked": mark("撤销采集工作站"),
    "station.registered": mark("新建采集工作站，等待登记密钥"),
    "station.code_issued": mark("生成工作站登记代码"),
    "station.code_voided": mark("工作站登记代码作废"),
    "station.code_used": mark("使用工作站登记代码"),
    "station.key_enrolled": mark("登记工作站密钥"),
    "station.key_ended": mark("停用工作站密钥"),
    "station.token_replaced": mark("更换工作站令牌"),
    "station.token_ended": mark("停用工作站令牌"),
    "station.certificate_bound": mark("更改工作站绑定的证书"),
    "station.silent": mark("工作站长时间无消息"),
    "station.heard_again": mark("工作站恢复消息"),
    "station.clock_off": mark("工作站时钟偏差过大"),
    "station.clock_right": mark("工作站时钟恢复准确"),
    "device.added": mark("登记设备"),
    "device.described": mark("更改设备说明"),
    "device.retired": mark("停用设备"),
    "device.issued": mark("配发设备"),
    "device.returned": mark("交还设备"),
    "device.issue_voided": mark("配发登记作废"),
    "certificate.added": mark("登记执法证"),
    "certificate.voided": mark("执法证登记作废"),
    "policy.loaded": mark("载入必备要素规则"),
    "policy.superseded": mark("必备要素规则被新版取代"),
    "policy.came_into_force": mark("必备要素规则生效"),
    "checklist.loaded": mark("载入音像记录事项清单"),
    "checklist.superseded": mark("音像记录事项清单被新版取代"),
    "checklist.came_into_force": mark("音像记录事项清单生效"),
    "key.activated": mark("启用密钥"),
    "archive.verified": mark("核验档案"),
}
# Entries of one action that are told in words of their own.
TOLD: Mapping[str, str] = {
    **ACTIONS,
    "playback.poster_opened": mark("查看封面"),
    "entry.unreadable": mark("条目损坏，无法读取"),
    "playback.photograph_opened": mark("查看照片"),
}
TIMELINE: Mapping[str, str] = {
    "stage_entered": mark("进入环节"),
    "closed": mark("已结案"),
    "recording_made": mark("录制（按文件自称的时间）"),
    "recording_received": mark("收到（文件未写明录制时间）"),
    "recording_linked": mark("记录归入案件"),
    "recording_unlinked": mark("记录移出案件"),
    "access_requested": mark("提出调阅申请"),
    "request_refused": mark("申请未获批准"),
    "access_granted": mark("批准授权"),
    "grant_revoked": mark("撤销授权"),
    "poster_viewed": mark("查看封面"),
    "viewed": mark("观看"),
    "export_started": mark("开始导出"),
    "export_finished": mark("导出完成"),
}
REFUSALS: Mapping[str, str] = {
    "inactive": mark("您的账号已停用，请联系管理员。"),
    "other_unit": mark("该记录属于其他单位，请联系该单位。"),
    "not_linked": mark("该记录尚未归入案件，而调阅按案件授权；请先归入案件。"),
    "no_grant": mark("您还没有调阅授权。说明用途提出申请，由他人批准后即可观看。"),
    "expired": mark("您的授权已到期，请重新申请。"),
    "revoked": mark("您的授权已被撤销，请联系撤销人或重新申请。"),
}
REFUSAL_CODES: Mapping[str, str] = {
    "inactive": mark("账号已停用"),
    "other_unit": mark("属于其他单位"),
    "not_linked": mark("尚未关联案件"),
    "no_grant": mark("没有授权"),
    "not_yours": mark("他人的授权"),
    "wrong_kind": mark("授权种类不符"),
    "wrong_case": mark("授权针对其他案件"),
    "expired": mark("授权已到期"),
    "revoked": mark("授权已撤销"),
    "own_approval": mark("审批本人的申请"),
    "own_confirmation": mark("确认本人的说明"),
}
RECORDING_NEEDS: Mapping[str, str] = {
    "none": mark("不要求音像记录"),
    "some": mark("根据实际情况音像记录"),
    "whole": mark("全程音像记录"),
}
VERDICTS: Mapping[str, str] = {
    "incomplete": mark("记录有缺口"),
    "doubtful": mark("记录存疑"),
    "complete_with_explanations": mark("缺口已说明"),
    "complete": mark("记录完整"),
}
STRETCH_STATES: Mapping[str, str] = {"covered": mark("有记录"), "doubtful": mark("存疑"), "missing": mark("无记录")}
STRETCH_SAID: Mapping[str, str] = {
    "none": mark("没有说明"),
    "pending": mark("已说明，待主管确认："),
    "confirmed": mark("说明已确认："),
    "reason": mark("执法人员书面理由："),
}
EXPLANATION_STATES: Mapping[str, str] = {
    "pending": mark("待确认"),
    "confirmed": mark("已确认"),
    "refused": mark("未予确认"),
    "withdrawn": mark("已撤回"),
}
FORBIDS: Mapping[str, str] = {
    "under_way": mark("尚未结束，请登记结束时间"),
    "missing": mark("有时段没有记录，且没有经确认的说明"),
    "doubtful": mark("有时段因时钟误差存疑，且没有经确认的说明"),
}
UPLOAD_STATES: Mapping[str, str] = {
    "open": mark("正在上传"),
    "finished": mark("等待封存"),
    "sealed": mark("已封存，等待回执"),
    "receipted": mark("已签发回执"),
    "failed": mark("未能封存"),
    "terminated": mark("已取消"),
    "expired": mark("已过期"),
}
STATION_CONDITIONS: Mapping[str, str] = {
    "online": mark("在线"),
    "away": mark("离线"),
    "silent": mark("失联"),
    "unenrolled": mark("等待登记"),
    "revoked": mark("已吊销"),
}
STATION_CREDENTIALS: Mapping[str, str] = {
    "key": mark("自有密钥"),
    "token": mark("令牌"),
    "certificate": mark("客户端证书"),
    "none": mark("无凭证"),
}
CERTIFICATE_STATES: Mapping[str, str] = {
    "valid": mark("有效"),
    "soon": mark("即将到期"),
    "expired": mark("已过期"),
    "coming": mark("尚未生效"),
    "voided": mark("已作废"),
}
WHEREABOUTS: Mapping[str, str] = {
    "out": mark("配发中"),
    "in": mark("在库"),
    "retired": mark("已停用"),
}
TABLES: Mapping[str, Mapping[str, str]] = {
    "role": ROLES,
    "case_kind": CASE_KINDS,
    "stage": STAGES,
    "access_kind": ACCESS_KINDS,
    "request_state": REQUEST_STATES,
    "media_state": MEDIA_STATES,
    "media_kind": MEDIA_KINDS,
    "media_reason": MEDIA_REASONS,
    "rendition": RENDITIONS,
    "claim_kind": CLAIM_KINDS,
    "claim_source": CLAIM_SOURCES,
    "confidence": CONFIDENCES,
    "claim_note": CLAIM_NOTES,
    "clock_role": CLOCK_ROLES,
    "segment_basis": SEGMENT_BASES,
    "clock_note": CLOCK_NOTES,
    "refused_claim": REFUSED_CLAIMS,
    "track_source": TRACK_SOURCES,
    "linked_by": LINKED_BY,
    "match": MATCHES,
    "link_outcome": LINK_OUTCOMES,
    "system_actor": SYSTEM_ACTORS,
    "subject_kind": SUBJECT_KINDS,
    "action": ACTIONS,
    "told": TOLD,
    "timeline": TIMELINE,
    "refusal": REFUSALS,
    "refusal_code": REFUSAL_CODES,
    "recording_need": RECORDING_NEEDS,
    "verdict": VERDICTS,
    "stretch_state": STRETCH_STATES,
    "stretch_said": STRETCH_SAID,
    "explanation_state": EXPLANATION_STATES,
    "forbids": FORBIDS,
    "upload_state": UPLOAD_STATES,
    "station_condition": STATION_CONDITIONS,
    "station_credential": STATION_CREDENTIALS,
    "certificate_state": CERTIFICATE_STATES,
    "whereabouts": WHEREABOUTS,
    "element": ELEMENTS,
    "element_state": ELEMENT_STATES,
    "element_source": {**CLAIM_SOURCES, **ELEMENT_SOURCES},
    "element_problem": ELEMENT_PROBLEMS,
    "element_basis": BASES,
}


def word_for(table: str, code: str) -> str:
    """The message id of a code; a code that has none stays a code."""
    return TABLES.get(table, {}).get(code, code)
