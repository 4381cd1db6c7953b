"""How a document says what was filled in and what its case says: days, times, amounts as Chinese documents write them.

What comes out is text and lists of text alone: the layout only places it, and nothing in it is ever read as typst.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from casework.documents.facts import FACTS
from casework.documents.template_file import Template, TemplateField
from integrity.local_time import CHINA

_DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
_PLACES: Final = ("", "拾", "佰", "仟")
_GROUPS: Final = ("", "万", "亿", "万亿")


def say_day(written: str) -> str:
    """2026年3月9日."""
    day = date.fromisoformat(written)
    return f"{day.year}年{day.month}月{day.day}日"


def say_moment(written: str) -> str:
    """2026年3月9日9时05分, in Chinese time."""
    moment = datetime.fromisoformat(written).astimezone(CHINA)
    return f"{moment.year}年{moment.month}月{moment.day}日{moment.hour}时{moment.minute:02}分"


def say_money(written: str) -> str:
    """1,234.50元（人民币壹仟贰佰叁拾肆元伍角）: in digits, and in the signs that nobody can add a stroke to."""
    amount = Decimal(written)
    return f"{amount:,.2f}元（人民币{spell_money(amount)}）"


def spell_money(amount: Decimal) -> str:
    """大写, by the rules of 支付结算办法 附一."""
    fen = int(amount * 100)
    yuan, jiao, fen = fen // 100, fen // 10 % 10, fen % 10
    said = f"{_spell_whole(yuan)}元" if yuan else ""
    if not jiao and not fen:
        return f"{said or '零元'}整"
    if jiao:
        said += f"{_DIGITS[jiao]}角"
    elif yuan:
        said += "零"
    return said + (f"{_DIGITS[fen]}分" if fen else "")


def _spell_whole(number: int) -> str:
    said, gap, group = "", False, 0
    while number:
        number, four = divmod(number, 10_000)
        if four:
            said = _spell_four(four) + _GROUPS[group] + ("零" if gap and said else "") + said
            gap = four < 1000
        else:
            gap = bool(said)
        group += 1
    return said


def _spell_four(number: int) -> str:
    said, zero = "", False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if digit:
            said += ("零" if zero and said else "") + _DIGITS[digit] + _PLACES[place]
            zero = False
        else:
            zero = bool(said)
    return said


def say_fields(template: Template, fields: Mapping[str, Any], served: Mapping[str, Any]) -> dict[str, Any]:
    """Every field of the template: text, empty where nothing was filled in; of `rows` a list of rows of text."""
    return {field.name: _say(field, fields.get(field.name), served) for field in template.fields}


def say_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Every fact: text, empty where the case has none; officers and the act as rows of text."""
    return {name: _say_fact(FACTS[name].type, value) for name, value in facts.items() if name in FACTS}


def _say(field: TemplateField, value: Any, served: Mapping[str, Any]) -> Any:
    if field.type == "rows":
        return [
            {column.name: _say(column, row.get(column.name), {}) for column in field.columns} for row in value or ()
        ]
    if field.type == "documents":
        return [served[each] for each in value or () if each in served]
    if value is None:
        return ""
    said = {"day": say_day, "moment": say_moment, "money": say_money}.get(field.type, str)
    return said(value)


def _say_fact(kind: str, value: Any) -> Any:
    if kind == "officers":
        return [{name: said or "" for name, said in each.items()} for each in value]
    if kind == "act":
        return None if value is None else _say_act(value)
    if value is None:
        return ""
    said = {"day": say_day, "money": say_money}.get(kind, str)
    return said(value)


def _say_act(act: Mapping[str, Any]) -> dict[str, str]:
    ends = "" if act["ends_at"] is None else say_moment(act["ends_at"])
    return {
        "kind": act["kind"],
        "place": act["place"] or "",
        "starts_at": say_moment(act["starts_at"]),
        "ends_at": ends,
    }
