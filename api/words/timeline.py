"""Words of steps of a case's time line."""

from __future__ import annotations

from collections.abc import Mapping

from api.i18n import mark

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
    "document_read": mark("查阅文书"),
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
