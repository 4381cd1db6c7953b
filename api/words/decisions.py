"""Decisions and their legal review in the words of a page."""

from __future__ import annotations

from collections.abc import Mapping

from api.i18n import mark
from api.words.notices import MISSING

LEVELS: Mapping[str, str] = {"brigade": mark("街镇大队"), "detachment": mark("支队"), "bureau": mark("局")}
PARTY_KINDS: Mapping[str, str] = {"citizen": mark("公民"), "organisation": mark("法人或其他组织")}
FIELDS: Mapping[str, str] = {
    "city_appearance": mark("市容"),
    "sanitation": mark("环境卫生"),
    "landscaping": mark("园林绿化"),
    "municipal": mark("市政公用"),
    "construction": mark("工程建设"),
    "planning": mark("规划（违法建设）"),
    "environment": mark("生态环境"),
    "housing": mark("住房"),
    "gas": mark("燃气"),
    "water": mark("供排水"),
    "other": mark("其他领域"),
}
MEASURES: Mapping[str, str] = {
    "fine": mark("罚款"),
    "confiscation": mark("没收违法所得、非法财物"),
    "additional_fine": mark("加处罚款"),
    "warning": mark("警告"),
    "criticism": mark("通报批评"),
    "licence_suspended": mark("暂扣许可证件"),
    "licence_revoked": mark("吊销许可证件"),
    "business_restricted": mark("限制开展生产经营活动"),
    "business_suspended": mark("责令停产停业"),
    "closure": mark("责令关闭"),
    "demolition_ordered": mark("责令限期拆除"),
    "seizure": mark("查封、扣押"),
    "demolition": mark("强制拆除"),
    "substitute_performance": mark("代履行"),
    "goods_disposed": mark("处理查封、扣押的财物"),
    "correction": mark("责令改正"),
    "no_penalty": mark("不予行政处罚"),
}
FACTS: Mapping[str, str] = {
    "after_hearing": mark("经过听证程序"),
    "public_interest": mark("涉及重大公共利益"),
    "social_risk": mark("可能造成重大社会影响或引发社会风险"),
    "major_rights": mark("直接关系当事人或第三人重大权益"),
    "complex": mark("案情疑难复杂"),
    "several_relations": mark("涉及多个法律关系"),
}
DECISION_STATES: Mapping[str, str] = {
    "draft": mark("拟定中"),
    "submitted": mark("法制审核中"),
    "agreed": mark("审核通过"),
    "problems": mark("审核存在问题"),
    "issued": mark("已作出"),
    "withdrawn": mark("已撤回"),
}
OPINIONS: Mapping[str, str] = {"agreed": mark("同意"), "problems": mark("存在问题")}
QUESTIONS: Mapping[str, str] = {
    "authority": mark("执法主体是否合法，执法人员是否具备执法资格"),
    "procedure": mark("执法程序是否合法"),
    "facts": mark("事实是否清楚，证据是否合法充分"),
    "law": mark("适用法律是否准确，裁量基准运用是否适当"),
    "powers": mark("是否在法定权限之内"),
    "documents": mark("执法文书是否完备、规范"),
    "crime": mark("是否涉嫌犯罪、需要移送司法机关"),
}
ADVISER_KINDS: Mapping[str, str] = {
    "counsel": mark("法律顾问"),
    "public_lawyer": mark("公职律师"),
    "resident_lawyer": mark("驻队律师"),
    "expert": mark("行业专家"),
}
ANSWERS: Mapping[str, str] = {"yes": mark("是"), "no": mark("否"), "not_applicable": mark("不适用")}
GATE_REFUSALS: Mapping[str, str] = {
    "unknown": mark("没有该决定"),
    "changed": mark("决定已修改，现在的内容须另行审核"),
    "withdrawn": mark("决定已撤回"),
    "no_list": mark("今日没有有效的法制审核目录清单"),
    "no_pass": mark("属于法制审核范围，尚无有效的审核通过意见"),
    "stage": mark("案件尚未进入“审核决定”环节"),
    "not_issued": mark("决定尚未作出"),
    "undecided": mark("尚未拟定决定"),
    "other_party": mark("文书的当事人与其所载决定不一致"),
    "other_amount": mark("文书的金额与其所载决定不一致"),
    "other_content": mark("文书的内容与其所载决定不一致"),
    "other_performance": mark("文书“履行方式和期限”写有其所载决定没有的措施或更大的金额"),
    "unnamed": mark("文书没有写明所载的决定"),
    "revoked": mark("决定已被撤销"),
    "names_none": mark("本案有决定已被撤销，文书号须对应一项决定"),
    "transfer": mark("涉嫌犯罪的移送尚未办结"),
    "in_scope": mark("案情属于法制审核范围，须拟定决定并送审"),
    "unfit": mark("决定的措施与其种类或内容不符，须修改后再作出"),
    **MISSING,
}
REFERENCE_KINDS: Mapping[str, str] = {
    "recording": mark("音像记录"),
    "act": mark("执法行为"),
    "explanation": mark("未记录时段的说明"),
    "event": mark("期限起算事项"),
    "stage": mark("环节"),
    "officer": mark("承办人员"),
    "identity": mark("出示证件"),
    "version": mark("拟作出的决定"),
}
BARRED: Mapping[str, str] = {
    "involved": mark("您办理过本案（承办、取证、拟稿或送审），须由其他审核人员审核。"),
    "unqualified": mark("名册中没有您今日有效的审核资格，请管理员登记法律职业资格。"),
}
