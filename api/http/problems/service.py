"""Service (送达): what it lacks, and what it ends."""

from __future__ import annotations

from collections.abc import Mapping

from api.http.problems.problem import Facts, Problem, Problems
from api.words.service import CARRIERS, GROUNDS, METHODS
from casework.service import errors as service

TIME_PROBLEMS: Mapping[str, str] = {
    "without_zone": "没有时区，请补充（如 +08:00）",
    "in_the_future": "晚于现在：请在送达之后再登记",
    "no_such_year": "不在 1990 年至 2200 年之间，请核对年份",
    "before_the_decision": "早于作出决定的日期，请更正时间",
}
PROOF_PROBLEMS: Mapping[str, str] = {
    "no_act": "没有指明执法行为：请先登记“留置送达”这一执法行为并指明",
    "other_act": "所指的执法行为不是留置送达，请另选",
    "other_time": "的时间不在该执法行为的起止时间之内，请核对两者",
    "no_recording": "没有指明照片或录像：拒绝接收的，没有照片或录像不算送达，请先将其归入本案",
    "not_in_case": "所指的记录没有归入本案，请先归入",
    "no_picture": "所指的记录既不是照片也不是录像，请另选",
    "no_time": "所指的照片或录像没有可靠的时间，请先补正其时间",
    "recorded_elsewhen": "所指的照片或录像不是在该执法行为期间拍摄的，请另选，或补正其时间",
    "no_recorded_place": "所指的照片或录像没有地点，请先补正其地点",
    "no_proof": "没有证明：请选择送达回证，或将签收凭证拍照归入本案后选择",
    "other_receipt": "所选的不是送达回证：请选择本案已定稿的送达回证，或当事人签收的该文书",
    "no_place": "没有写明留置地点，请填写",
    "no_receiver": "没有写明签收人，请填写姓名及其与受送达人的关系",
}
SERVED_PROBLEMS: Mapping[str, str] = {
    "nothing": "没有写明送达了什么：请选择文书或决定，或填写文书编号",
    "not_here": "所选文书不属于本案，请从列表中选择",
    "not_final": "所选文书尚未定稿或已作废，请先定稿",
    "a_receipt": "送达回证本身不需送达，请选择它所证明的文书",
    "other_decision": "所选文书不是该项决定的文书：请不要另选决定，以文书所载的为准",
    "other_number": "与该文书的文号不符：请不要另填编号，以文书上的为准",
}


def _unproven(error: service.ServiceUnproven) -> Facts:
    asked = {"no_carrier": CARRIERS, "no_ground": GROUNDS}.get(error.problem)
    problem = PROOF_PROBLEMS[error.problem] if asked is None else f"没有写明{asked[error.method]}，请填写"
    return {"manner": METHODS[error.method], "problem": problem}


def _about_time(error: service.ServiceTimeUnusable) -> Facts:
    return {"problem": TIME_PROBLEMS[error.problem]}


def _about_served(error: service.ServedUnusable) -> Facts:
    return {"problem": SERVED_PROBLEMS[error.problem]}


def _known_days(error: service.NotServed) -> Facts:
    days = "、".join(day.isoformat() for day in error.days)
    return {"known": f"已登记的送达在 {days}" if days else "还没有登记可以办结该期限的送达"}


PROBLEMS: Problems = {
    service.ServiceTimeUnusable: Problem(422, "service-time", "送达时间{problem}", facts=_about_time),
    service.ServiceUnproven: Problem(422, "service-unproven", "该{manner}{problem}", facts=_unproven),
    service.ServedUnusable: Problem(422, "served", "{problem}", facts=_about_served),
    service.PostingUncounted: Problem(
        409,
        "posting-uncounted",
        "无法确定 {day} 发出的公告何时视为送达：请先载入其期间（posted_service）的规则，或相应年份的放假安排",
    ),
    service.NotServed: Problem(
        409,
        "not-served",
        "不能认定 {day} 已送达（{known}）：请先在“送达”中登记如何送达；本案有几项决定的，写明送达的是哪一项",
        facts=_known_days,
    ),
    service.ServiceRepeated: Problem(409, "service-repeated", "{document_number} 于 {served_at} 的送达此前已经登记"),
    service.ServiceWithdrawn: Problem(409, "service-withdrawn", "该送达已于 {withdrawn_at} 撤回；如确有其事请重新登记"),
    service.ServiceCounts: Problem(
        409, "service-counts", "送达期限已凭该送达于 {day} 办结：请先由主管撤回起算事项，再撤回送达并重新登记"
    ),
}
