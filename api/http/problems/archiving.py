"""What keeps a case from being archived."""

from __future__ import annotations

from collections.abc import Mapping

from api.http.problems.acts import open_act
from api.http.problems.problem import Facts, Problem, Problems
from api.words.archiving import RETENTION_CLASSES, SECRECY_CLASSES
from api.words.cases import STAGES
from casework.archiving import errors as archiving

ADDED_PROBLEMS: Mapping[str, str] = {
    "none": "补充归档至少要有一条记录，请选择",
    "twice": "同一条记录填写了两次，请只保留一处",
}
_SENTENCES: Mapping[str, str] = {
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


def what_is_missing(missing: archiving.Missing) -> str:
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


def _why_not_archived(error: archiving.NotArchivable) -> Facts:
    return {"why": "；".join(map(what_is_missing, error.missing))}


def _about_added(error: archiving.NothingAdded) -> Facts:
    return {"problem": ADDED_PROBLEMS[error.problem]}


PROBLEMS: Problems = {
    archiving.NotArchivable: Problem(409, "not-archivable", "暂不能归档：{why}", facts=_why_not_archived),
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
    archiving.NothingAdded: Problem(422, "nothing-added", "{problem}", facts=_about_added),
}
