"""Whoever running text names is masked before it is public, though nobody told of him; what is no name may stay."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from casework.publication.collecting import Kept, Said, names_spoken_of, restate
from casework.publication.errors import MaskingNeeded
from casework.publication.running_text import persons_spoken_of
from casework.publication.stepping import take_down
from tests.casework.publication.press import CITIZEN, Press


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("其员工李四光将建筑垃圾倾倒在路边", ("李四光",)),
        ("法定代表人：李明", ("李明",)),
        ("当事人：张三，证人王五、赵六在场", ("张三", "王五", "赵六")),
        ("证人王五和赵六在场", ("王五", "赵六")),
        ("证人张和平在场", ("张和平",)),
        ("证人欧阳小月的陈述", ("欧阳小月",)),
        ("由李四先生签收", ("李四",)),
        ("王小二（男，1990年1月1日出生）在场", ("王小二",)),
        ("驾驶员周杰驾驶渝A12345", ("周杰",)),
        ("经营者陈建国未按规定设置围挡", ("陈建国",)),
    ],
)
def test_whom_a_text_introduces_is_named(text: str, names: tuple[str, ...]) -> None:
    assert persons_spoken_of(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "对当事人罚款二百元",
        "当事人未在规定期限内改正，当事人关闭经营场所",
        "责令当事人于2026年3月9日前改正，当事人向社会公开道歉",
        "车主何某、邻居高先生在场",
        "违反《城市市容和环境卫生管理条例》第三十四条，在观音桥步行街占道经营",
        "负责人安全生产意识淡薄，叫停施工，老板任意堆放",
        "未发现问题",
    ],
)
def test_who_is_only_described_is_not(text: str) -> None:
    assert persons_spoken_of(text) == ()


def test_an_organisation_keeps_its_own_name_whosever_it_bears() -> None:
    shop = ("江北区张三丰餐饮店", "organisation")
    assert names_spoken_of(*shop, ["对江北区张三丰餐饮店罚款"], ("张三丰",)) == ()
    assert names_spoken_of(*shop, ["江北区张三丰餐饮店的张三丰"], ("张三丰",)) == ("张三丰",)
    assert names_spoken_of("张三丰", "citizen", ["对张 三 丰罚款，李四在场"], ("张三丰", "李四")) == ("李四",)


def test_whoever_a_text_names_is_masked_though_nobody_told(press: Press) -> None:
    """张三丰 is a party of another decision of the case, 李四光 is in no field of it at all."""
    press.bench.draft(press.bench.small(**CITIZEN))
    said = {"content": "罚款二百元。张三丰另案处理；其员工李四光参与倾倒"}
    version = press.collect(press.issued(**said))
    assert version.conclusion == "罚款二百元。张某某另案处理；其员工李某某参与倾倒"
    assert (sorted(version.names), version.needs_second) == (["张三丰", "李四光"], True)


@pytest.mark.parametrize("name", ["李四光", "张三丰"])
def test_a_name_that_is_written_into_a_text_is_refused_and_said(press: Press, name: str) -> None:
    press.bench.draft(press.bench.small(**CITIZEN))
    with pytest.raises(MaskingNeeded) as caught:
        press.collect(press.issued(), conclusion=f"罚款二百元，其员工{name}参与")
    assert (caught.value.field, caught.value.codes, caught.value.names) == ("conclusion", ("name",), (name,))


def test_what_is_no_name_stays_for_a_reason_and_is_seen_by_two(press: Press) -> None:
    kept = (Kept("name", "高兴地", "不是姓名"),)
    event = press.issued(content="老板高兴地承认")
    with pytest.raises(MaskingNeeded):
        press.collect(event, conclusion="老板高兴地承认")
    version = press.collect(event, kept=kept)
    assert (version.conclusion, version.names, version.needs_second) == ("老板高兴地承认", [], True)


def test_the_party_and_who_was_told_stay_for_no_reason(press: Press) -> None:
    for name, said in (("张三丰", CITIZEN), ("李四", {})):
        kept = (Kept("name", name, "不是姓名"),)
        event = press.issued(press.bench.another_case(), **said)
        with pytest.raises(MaskingNeeded):
            press.collect(event, conclusion=f"证人{name}在场", names=("李四",), kept=kept)


def test_no_reason_that_is_public_names_anybody(press: Press) -> None:
    first = press.published()
    now = datetime.now(UTC)
    said: dict[str, Any] = {"conclusion": "罚款二百元整"}
    with pytest.raises(MaskingNeeded) as caught:
        restate(
            press.session, press.collector, first.publication_id, Said(**said), "证人李四改口", now, former=first.id
        )
    assert caught.value.field == "reason"
    with pytest.raises(MaskingNeeded):
        take_down(press.session, press.publisher, first.publication_id, "inaccurate", "证人李四改口", now)
    take_down(press.session, press.publisher, first.publication_id, "inaccurate", "证人改口", now)
    assert press.row(first).shown_version_id is None
