"""What speaks of natural persons is masked by the shipped rules, and found where it is left; the rest stays."""

from __future__ import annotations

import pytest

from casework.publication.masking import NAME, Masking
from casework.publication.rule_file import SHIPPED, masks_of, name_mask_of, read_publicity
from casework.rules.errors import RuleFileUnusable

FILE = (SHIPPED / "cn-1.yaml").read_bytes()
RULES = read_publicity(FILE).rules_as_json()
MASKING = Masking(name_mask_of(RULES), masks_of(RULES))


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张三", "张某"),
        ("张三丰", "张某某"),
        ("欧阳丹", "欧阳某"),
        ("欧阳", "欧某"),
        ("司马相如", "司马某某"),
        ("阿卜杜拉·买买提江", "阿某某某"),
    ],
)
def test_of_a_name_the_family_name_stays(name: str, masked: str) -> None:
    assert MASKING.masked_name(name) == masked


def test_longer_names_go_before_those_they_begin_with() -> None:
    assert MASKING.mask("张三丰与张三共同经营", ["张三", "张三丰"]) == "张某某与张某共同经营"


@pytest.mark.parametrize(
    ("text", "masked", "code"),
    [
        ("身份证500105199001011234，", "身份证******************，", "id_number"),
        ("身份证５００１０５１９９００１０１１２３Ｘ", "身份证******************", "id_number"),
        ("电话13800138000。", "电话***********。", "mobile_phone"),
        ("电话023-67712345", "电话********", "telephone"),
        ("账号6222021234567890123", "账号****************", "bank_card"),
        ("驾驶渝A·12345小型货车", "驾驶号牌****小型货车", "number_plate"),
        ("驾驶渝AD12345占道", "驾驶号牌****占道", "number_plate"),
        ("住建新东路88号附3号2单元5-1", "住建新东路**号", "address"),
        ("住五里店街六十六号", "住五里店街**号", "address"),
    ],
)
def test_numbers_and_addresses_are_masked_and_found(text: str, masked: str, code: str) -> None:
    assert code in {each.code for each in MASKING.find(text, [])}
    assert MASKING.mask(text, []) == masked
    assert MASKING.find(masked, []) == ()


@pytest.mark.parametrize(
    "text",
    [
        "罚款人民币6000元整",
        "统一社会信用代码915001057339823477",
        "江综执罚决〔2026〕第12号",
        "在观音桥步行街占道经营，违反《城市市容和环境卫生管理条例》第三十四条",
        "责令于2026年3月9日前改正",
    ],
)
def test_what_is_public_anyway_stays(text: str) -> None:
    assert MASKING.mask(text, ["李四"]) == text
    assert MASKING.find(text, ["李四"]) == ()


def test_numbers_and_names_with_blanks_in_them_are_found() -> None:
    assert {each.code for each in MASKING.find("500105 19900101 1234", [])} == {"id_number"}
    assert [each.code for each in MASKING.find("当事人 李 四", ["李四"])] == [NAME]


def test_every_mask_shows_something_that_no_mask_finds() -> None:
    for mask in MASKING.masks:
        assert MASKING.find(mask.shown, []) == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("(?<!\\d)1[3-9]\\d{9}(?!\\d)", "(1[3-9", "masks[3].pattern has to be a regular expression"),
        ("'***********'", "'13800138000'", "masks[3].shown would be masked by its own pattern"),
        ("required_for: [penalty, inspection]", "required_for: [all]", "channels[1].required_for[1] all is not known"),
        ("law: [未成年人保护法 第一百零三条]", "law: []", "grounds[5].law is empty"),
        ("code: minor", "code: privacy", "grounds[5].code privacy stands there twice"),
    ],
)
def test_a_mistake_is_named_by_its_line_and_field(old: str, new: str, said: str) -> None:
    text = FILE.decode()
    assert old in text
    with pytest.raises(RuleFileUnusable) as caught:
        read_publicity(text.replace(old, new, 1).encode())
    assert said in str(caught.value)
    assert caught.value.line > 0
