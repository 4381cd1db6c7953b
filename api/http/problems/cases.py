"""Cases: where they can go on, who handles them, what is closed."""

from __future__ import annotations

from collections.abc import Mapping

from api.http.problems.problem import Facts, Problem, Problems
from api.words.cases import PROCEDURES, STAGES
from api.words.people import HANDLER_PROBLEMS
from casework import errors as casework
from casework.dossiers import errors as dossiers

PERSON_PROBLEMS: Mapping[str, str] = {
    "left": "已离任，请从列表中选择",
    "no_officer": "不是执法人员或主管，请从列表中选择",
    "other_case": "参加的是另一案件的执法行为，请选择本案的执法行为",
    "uncertified": "当日没有有效的执法证；请核对人员、日期或名册",
}


def _next_stages(error: casework.StageOutOfOrder) -> Facts:
    if not error.following:
        return {"why": "其后没有其他环节"}
    return {"why": f"下一环节：{'或'.join(STAGES[each] for each in error.following)}"}


def _officers_missing(error: casework.OfficersMissing) -> Facts:
    unsound = "".join(f"；{name}：{HANDLER_PROBLEMS[problem]}" for name, problem in error.unsound)
    counted = f"须有 {error.needed} 名持有效执法证的承办人员，现有 {error.sound} 名{unsound}"
    return {"why": f"{counted}。请指定承办人员或更正名册"}


def _about_person(error: casework.PersonUnusable) -> Facts:
    return {"problem": PERSON_PROBLEMS[error.problem]}


def _possible_procedures(error: casework.ProcedureSettled) -> Facts:
    if not error.possible:
        return {"why": "不能再变更程序（程序只在作出决定前变更：简易转普通、普通转听证）"}
    return {"why": f"只能变更为：{'、'.join(PROCEDURES[each] for each in error.possible)}"}


PROBLEMS: Problems = {
    dossiers.ContactUnfit: Problem(422, "contact-unfit", "对外联系人须是本案办案单位的在职人员，请另选"),
    dossiers.OwnDossier: Problem(409, "own-dossier", "本人整理的材料不得由本人复核，须由承担公示审核职责的他人复核"),
    dossiers.DossierChecked: Problem(409, "dossier-checked", "该材料已于 {checked_at} 复核，无须再办"),
    dossiers.DossierUnchecked: Problem(
        409, "dossier-unchecked", "该材料尚未由第二人复核，不能对外提供；请承担公示审核职责的人员先行复核"
    ),
    dossiers.DossierOutdated: Problem(
        409, "dossier-outdated", "整理以后，本案的公示、撤销情况或密级有了变化，该材料不再对外提供；请重新整理"
    ),
    casework.StageOutOfOrder: Problem(
        409, "stage", "案件当前环节为“{current}”，不能直接进入“{wanted}”；{why}", facts=_next_stages
    ),
    casework.StageNeeds: Problem(409, "stage-needs", "暂不能进入“{wanted}”：{missing}"),
    casework.OfficersMissing: Problem(409, "officers-missing", "暂不能进入“{wanted}”：{why}", facts=_officers_missing),
    casework.AssignmentWithdrawn: Problem(
        409, "assignment-withdrawn", "该指派已于 {withdrawn_at} 撤回；如确有其事请重新登记"
    ),
    casework.OfficerReleased: Problem(409, "officer-released", "该承办人员已于 {released_at} 解除，无需再办"),
    casework.PersonUnusable: Problem(422, "person", "{name}{problem}", facts=_about_person),
    casework.ProcedureSettled: Problem(
        409, "procedure", "本案程序为“{procedure}”，当前环节为“{stage}”；{why}", facts=_possible_procedures
    ),
    casework.CaseClosed: Problem(409, "case-closed", "案件已于 {closed_at} 结案，不再接受更改"),
    casework.CaseArchived: Problem(
        409, "case-archived", "案件已于 {archived_at} 归档，不再接受更改；迟到的记录由主管办理补充归档并说明理由"
    ),
}
