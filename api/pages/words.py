"""Words of the catalog in the words of a page. Chinese is the message id; a code without a word is shown as it is."""

from __future__ import annotations

from collections.abc import Mapping

from api.i18n import mark
from api.pages import service_words
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
from api.pages.decision_words import (
    ADVISER_KINDS,
    ANSWERS,
    BARRED,
    DECISION_STATES,
    FACTS,
    FIELDS,
    GATE_REFUSALS,
    LEVELS,
    MEASURES,
    OPINIONS,
    PARTY_KINDS,
    QUESTIONS,
    REFERENCE_KINDS,
)
from api.pages.document_words import DOCUMENT_STATES, SIGNING_OUTCOMES, SIGNING_ROLES
from api.pages.element_words import BASES, ELEMENT_PROBLEMS, ELEMENT_SOURCES, ELEMENT_STATES, ELEMENTS
from api.pages.ledger_words import ACTIONS, OBJECT_FOUND, SUBJECT_KINDS, SYSTEM_ACTORS
from api.pages.publication_words import (
    DISCLOSURE_SECTIONS,
    PUBLIC_FIELDS,
    PUBLIC_STEPS,
    PUBLICATION_KINDS,
    PUBLICATION_STATES,
    PUBLICATION_STEPS,
    PUSH_ACTIONS,
    PUSH_PROBLEMS,
    PUSH_STATES,
    TAKEN_DOWN_BECAUSE,
)
from api.pages.publication_words import (
    DUTIES as PUBLICATION_DUTIES,
)
from api.pages.statistics_words import FIGURE_GROUPS, FIGURES

FILE_REVIEW_STATES: Mapping[str, str] = {
    "announced": mark("已公告，待抽取"),
    "drawn": mark("评查中"),
    "ended": mark("已结束"),
}
RETURN_STATES: Mapping[str, str] = {
    "running": mark("期间未满"),
    "open": mark("待报送"),
    "soon": mark("即将到期"),
    "due_today": mark("今日到期"),
    "overdue": mark("逾期未报"),
    "sent": mark("按时报送"),
    "sent_late": mark("迟报"),
}
RETURN_STEPS: Mapping[str, str] = {
    "none": mark("尚未编制"),
    "drawn_up": mark("待审核"),
    "checked": mark("已审核，待报送"),
    "set_aside": mark("已退回"),
    "partly_sent": mark("部分报送"),
    "sent": mark("已报送"),
}
FINDING_OUTCOMES: Mapping[str, str] = {"rectified": mark("已整改"), "unfounded": mark("不成立")}
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
PROCEDURES: Mapping[str, str] = {
    "unstated": mark("程序未定"),
    "routine_check": mark("日常检查"),
    "random_check": mark("双随机检查"),
    "coercive_measure": mark("行政强制措施"),
    "simple_penalty": mark("简易程序"),
    "ordinary_penalty": mark("普通程序"),
    "hearing_penalty": mark("听证程序"),
}
HANDLER_PROBLEMS: Mapping[str, str] = {
    "left": mark("已离任"),
    "uncertified_then": mark("建立案件当日没有有效的执法证"),
    "uncertified_in_act": mark("参加执法行为当日没有有效的执法证"),
    "uncertified_now": mark("执法证已失效或尚未登记"),
}
STAGES: Mapping[str, str] = {
    "initiation": mark("启动"),
    "investigation": mark("调查取证"),
    "hearing": mark("听证"),
    "decision": mark("审核决定"),
    "execution": mark("送达执行"),
}
SECRECY_CLASSES: Mapping[str, str] = {
    "ordinary": mark("一般"),
    "privacy": mark("个人隐私"),
    "business_secret": mark("商业秘密"),
    "state_secret": mark("国家秘密"),
}
RETENTION_CLASSES: Mapping[str, str] = {
    "general": mark("一般（六个月）"),
    "two_years": mark("短期（二年）"),
    "extended": mark("长期（五年）"),
    "permanent": mark("永久"),
}
CONTENT_KINDS: Mapping[str, str] = {"recording": mark("音像记录"), "document": mark("文书"), "note": mark("说明")}
ACCESS_KINDS: Mapping[str, str] = {"view": mark("查看"), "copy": mark("复制")}
VIEWING_OUTCOMES: Mapping[str, str] = {"proper": mark("正当"), "questioned": mark("存疑")}
POSTS: Mapping[str, str] = {"chief": mark("单位负责人"), "head_of_legal": mark("法制机构负责人")}
ASKERS: Mapping[str, str] = {
    "handler": mark("本案承办人员"),
    "staff": mark("非本案人员"),
    "organ": mark("其他机关"),
    "lawyer": mark("律师"),
    "party": mark("当事人"),
}
PAPERS: Mapping[str, str] = {"letter": mark("介绍信或公函"), "identity": mark("身份证件")}
COPY_STATES: Mapping[str, str] = {
    "due": mark("等待制作"),
    "being_made": mark("正在制作"),
    "done": mark("已制作"),
    "outdated": mark("已过时"),
    "failed": mark("未能制作"),
}
BOX_STYLES: Mapping[str, str] = {"black": mark("涂黑"), "blur": mark("模糊")}
CHECK_VERDICTS: Mapping[str, str] = {"passed": mark("核对通过"), "returned": mark("已退回")}
OVERSIGHT_LISTS: Mapping[str, str] = {
    "grants": mark("授权及其使用"),
    "viewings": mark("观看"),
    "refusals": mark("拒绝"),
}
REQUEST_STATES: Mapping[str, str] = {
    "pending": mark("待审批"),
    "approved": mark("已批准"),
    "refused": mark("未批准"),
}
MEDIA_STATES: Mapping[str, str] = {
    "intact": mark("完整"),
    "opens": mark("可打开，未全程解码"),
    "damaged": mark("有损坏"),
    "unreadable": mark("无法读取"),
}
DECODED_STATES: Mapping[str, str] = {
    "intact": mark("完整"),
    "damaged": mark("有损坏"),
    "not_decoded": mark("未能全程解码"),
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
    "several_pictures": mark("有多幅画面先后相接，只检查了开头几幅"),
    "clock_jumps": mark("录像内的时间有跳变：前后各段并不连续"),
    "reading_stopped": mark("文件内的元数据未能读完"),
    "parser_failed": mark("检查程序无法解析此文件"),
    "not_a_moving_picture": mark("不是活动画面"),
    "no_picture": mark("没有画面"),
    "reference_needed": mark("需要同一执法记录仪的一份完整录像作参考"),
    "reference_unfit": mark("参考录像与此文件不相符"),
    "not_damaged": mark("没有损坏"),
    "decoding_limit": mark("解码超出了允许的限度"),
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
TOLD: Mapping[str, str] = {
    **ACTIONS,
    "playback.poster_opened": mark("查看封面"),
    "entry.unreadable": mark("条目损坏，无法读取"),
    "playback.photograph_opened": mark("查看照片"),
}
EVENT_KINDS: Mapping[str, str] = {
    "case_filed": mark("立案"),
    "inspection_concluded": mark("“双随机”检查得出结果"),
    "evidence_registered": mark("先行登记保存证据"),
    "hearing_offered": mark("告知听证权利"),
    "hearing_held": mark("举行听证"),
    "penalty_decided": mark("作出行政处罚决定"),
    "decision_revoked": mark("已公开的处罚决定被撤销、变更、确认违法或无效"),
}
TERM_KINDS: Mapping[str, str] = {
    "publish_penalty": mark("公示行政处罚决定"),
    "publish_inspection": mark("公示“双随机”检查结果"),
    "withdraw": mark("撤回已公开的处罚决定信息"),
    "service": mark("送达处罚决定书"),
    "posted_service": mark("公告送达期满"),
    "preservation": mark("对登记保存的证据作出处理决定"),
    "hearing_request": mark("当事人要求听证"),
    "hearing_notice": mark("通知听证的时间、地点"),
    "decision": mark("作出处罚决定"),
}
DEADLINE_STATES: Mapping[str, str] = {
    "overdue": mark("已逾期"),
    "lapsed": mark("当事人未提出，已期满"),
    "due_today": mark("今日到期"),
    "soon": mark("即将到期"),
    "running": mark("期限内"),
    "estimate": mark("估计"),
    "no_term": mark("当日没有这种期限"),
    "done": mark("已办结"),
    "done_late": mark("逾期办结"),
}
BECAUSE: Mapping[str, str] = {
    "entered": mark("登记时计算"),
    "rules": mark("因期限规则变化重新计算"),
    "calendar": mark("因放假安排变化重新计算"),
}
TIMELINE: Mapping[str, str] = {
    "stage_entered": mark("进入环节"),
    "stage_returned": mark("退回环节"),
    "officer_named": mark("指定承办人员"),
    "officer_released": mark("解除承办人员"),
    "identity_shown": mark("出示执法证件"),
    "notice_given": mark("告知事由、依据、权利义务"),
    "closed": mark("已结案"),
    "secrecy_stated": mark("确定密级"),
    "archived": mark("已归档"),
    "archive_supplemented": mark("补充归档"),
    "recording_made": mark("录制（按文件自称的时间）"),
    "recording_received": mark("收到（文件未写明录制时间）"),
    "recording_linked": mark("记录归入案件"),
    "recording_unlinked": mark("记录移出案件"),
    "act_added": mark("执法行为已登记"),
    "act_withdrawn": mark("撤回执法行为"),
    "served": mark("送达"),
    "service_withdrawn": mark("撤回送达"),
    "gap_explained": mark("说明未记录的时段"),
    "explanation_confirmed": mark("确认说明"),
    "explanation_refused": mark("不予确认说明"),
    "explanation_withdrawn": mark("说明已撤回"),
    "event_entered": mark("登记期限起算事项"),
    "event_withdrawn": mark("撤回期限起算事项"),
    "term_fulfilled": mark("期限内事项办结"),
    "decision_drafted": mark("拟定决定"),
    "decision_issued": mark("作出决定"),
    "decision_withdrawn": mark("撤回决定"),
    "document_begun": mark("起草文书"),
    "document_signed": mark("文书签名"),
    "document_finalised": mark("文书定稿"),
    "document_sealed": mark("文书盖章"),
    "document_withdrawn": mark("文书作废"),
    "access_requested": mark("提出调阅申请"),
    "request_refused": mark("申请未获批准"),
    "access_granted": mark("批准授权"),
    "grant_revoked": mark("撤销授权"),
    "poster_viewed": mark("查看封面"),
    "viewed": mark("观看"),
    "copy_asked": mark("请求制作遮蔽副本"),
    "copy_made": mark("遮蔽副本已制作"),
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
    "secrecy": mark("该记录所属案件的密级不向您开放，如需调阅请联系本单位主管。"),
    "redacted_only": mark("您的授权只能领取遮蔽副本。"),
    "released": mark("您已不是本案承办人员，不能再直接查看；如仍需查看请提出申请。"),
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
    "secrecy": mark("密级不开放"),
    "asker_secrecy": mark("密级不向申请人开放"),
    "never_copied": mark("该密级不得复制"),
    "own_redaction": mark("核对本人设定的遮蔽"),
    "redacted_only": mark("授权仅限遮蔽副本"),
    "consent_needed": mark("未获同意提供原件"),
    "released": mark("已不再承办本案"),
    "own_approval": mark("审批本人的申请"),
    "request_refused": mark("申请未获批准"),
    "not_the_approver": mark("审批须由他人审批的申请"),
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
    "short": mark("全部可能的记录加起来也不够长，且没有经确认的说明"),
    "doubtful": mark("有时段因时钟误差存疑，且没有经确认的说明"),
    "duties": mark("没有登记应当出示的证件或应当作出的告知"),
    "unserved": mark("没有证明，不算送达：请登记送达并指明照片或录像"),
}
DUTIES: Mapping[str, str] = {
    "identity_shown": mark("出示执法证件"),
    "notice_given": mark("告知事由、依据、权利义务"),
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
ROOM_KINDS: Mapping[str, str] = {"questioning": mark("询问室"), "hearing_room": mark("听证室")}
TABLES: Mapping[str, Mapping[str, str]] = {
    "role": ROLES,
    "case_kind": CASE_KINDS,
    "procedure": PROCEDURES,
    "handler_problem": HANDLER_PROBLEMS,
    "stage": STAGES,
    "secrecy_class": SECRECY_CLASSES,
    "retention_class": RETENTION_CLASSES,
    "content_kind": CONTENT_KINDS,
    "access_kind": ACCESS_KINDS,
    "request_state": REQUEST_STATES,
    "media_state": MEDIA_STATES,
    "decoded_state": DECODED_STATES,
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
    "object_found": OBJECT_FOUND,
    "told": TOLD,
    "timeline": TIMELINE,
    "event_kind": EVENT_KINDS,
    "term_kind": TERM_KINDS,
    "answer": ANSWERS,
    "barred": BARRED,
    "decision_fact": FACTS,
    "decision_state": DECISION_STATES,
    "field": FIELDS,
    "adviser_kind": ADVISER_KINDS,
    "viewing_outcome": VIEWING_OUTCOMES,
    "file_review_state": FILE_REVIEW_STATES,
    "finding_outcome": FINDING_OUTCOMES,
    "return_state": RETURN_STATES,
    "return_step": RETURN_STEPS,
    "figure": FIGURES,
    "figure_group": FIGURE_GROUPS,
    "gate_refusal": GATE_REFUSALS,
    "level": LEVELS,
    "measure": MEASURES,
    "opinion": OPINIONS,
    "party_kind": PARTY_KINDS,
    "question": QUESTIONS,
    "reference_kind": REFERENCE_KINDS,
    "deadline_state": DEADLINE_STATES,
    "because": BECAUSE,
    "document_state": DOCUMENT_STATES,
    "service_method": service_words.METHODS,
    "service_carrier": service_words.CARRIERS,
    "service_ground": service_words.GROUNDS,
    "service_time": service_words.TIMES,
    "service_about": service_words.ABOUT,
    "service_problem": service_words.PROOF_PROBLEMS,
    "signing_role": SIGNING_ROLES,
    "signing_outcome": SIGNING_OUTCOMES,
    "post": POSTS,
    "publication_duty": PUBLICATION_DUTIES,
    "publication_kind": PUBLICATION_KINDS,
    "publication_state": PUBLICATION_STATES,
    "publication_step": PUBLICATION_STEPS,
    "public_field": PUBLIC_FIELDS,
    "push_action": PUSH_ACTIONS,
    "push_problem": PUSH_PROBLEMS,
    "push_state": PUSH_STATES,
    "disclosure_section": DISCLOSURE_SECTIONS,
    "public_step": PUBLIC_STEPS,
    "taken_down_because": TAKEN_DOWN_BECAUSE,
    "oversight_list": OVERSIGHT_LISTS,
    "copy_state": COPY_STATES,
    "box_style": BOX_STYLES,
    "check_verdict": CHECK_VERDICTS,
    "asker": ASKERS,
    "paper": PAPERS,
    "refusal": REFUSALS,
    "refusal_code": REFUSAL_CODES,
    "recording_need": RECORDING_NEEDS,
    "verdict": VERDICTS,
    "stretch_state": STRETCH_STATES,
    "stretch_said": STRETCH_SAID,
    "explanation_state": EXPLANATION_STATES,
    "forbids": FORBIDS,
    "duty": DUTIES,
    "upload_state": UPLOAD_STATES,
    "station_condition": STATION_CONDITIONS,
    "station_credential": STATION_CREDENTIALS,
    "certificate_state": CERTIFICATE_STATES,
    "whereabouts": WHEREABOUTS,
    "room_kind": ROOM_KINDS,
    "element": ELEMENTS,
    "element_state": ELEMENT_STATES,
    "element_source": {**CLAIM_SOURCES, **ELEMENT_SOURCES},
    "element_problem": ELEMENT_PROBLEMS,
    "element_basis": BASES,
}


def word_for(table: str, code: str) -> str:
    """The message id of a code; a code that has none stays a code."""
    return TABLES.get(table, {}).get(code, code)
