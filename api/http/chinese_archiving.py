"""What keeps a case from being archived, as a Chinese sentence says it."""

from __future__ import annotations

from api.http.chinese_acts import open_act
from api.pages.words import RETENTION_CLASSES, SECRECY_CLASSES, STAGES
from casework.archiving.errors import Missing

ADDED_PROBLEMS = {"none": "补充归档至少要有一条记录，请选择", "twice": "同一条记录填写了两次，请只保留一处"}
_SENTENCES = {
    "not_closed": "案件尚未结案，请先结案",
    "stage_empty": "“{stages}”环节没有任何文字或音像记录，请归入记录或制作文书",
    "stages_skipped": "案件未经“{stages}”环节即结案，请说明理由",
    "link_questions": "有 {count} 条记录是否属于本案尚待选定，请先答复",
    "element_questions": "本案记录有 {count} 项要素待补正，请先在待补正列表中答复",
    "no_secrecy": "尚未确定密级，请选择密级",
    "secrecy_looser": "所选密级“{named}”低于现有密级“{needed}”；请先由另一名主管说明理由，降低密级",
    "state_secret_unlicensed": "本系统未获准处理国家秘密（LIUHEN_STATE_SECRET_LICENCE）",
    "no_retention": "尚未选择保管期限，本案至少须为“{needed}”{law}",
    "retention_too_short": "所选保管期限“{named}”短于本案至少须有的“{needed}”{law}",
}


def what_is_missing(missing: Missing) -> str:
    if missing.act is not None:
        return open_act(missing.act)
    return _SENTENCES[missing.code].format(
        stages="”“".join(STAGES[each] for each in missing.stages),
        count=missing.count,
        named=_class(missing.named),
        needed=_class(missing.needed),
        law=f"（{'、'.join(missing.law)}）" if missing.law else "",
    )


def _class(code: str) -> str:
    """A class that rules of a place brought is called by its code."""
    return SECRECY_CLASSES.get(code) or RETENTION_CLASSES.get(code, code)
