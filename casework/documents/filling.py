"""What people fill in, read strictly by the types of the template's fields. Nothing is corrected in silence."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from casework.documents.errors import FieldUnusable
from casework.documents.facts import FACTS, is_there
from casework.documents.template_file import Template, TemplateField
from casework.register.calendar import is_usable
from casework.wording import shown
from retention.wording import find_problem, tidy

LONGEST_LINE: Final = 200
LONGEST_TEXT: Final = 50_000
MOST_ROWS: Final = 500
LARGEST_NUMBER: Final = 999_999_999
_MOST_MONEY: Final = Decimal("9999999999.99")
_MONEY: Final = re.compile(r"[0-9]{1,10}(\.[0-9]{1,2})?")


def read_fields(template: Template, filled: Mapping[str, Any], documents: Collection[str]) -> dict[str, Any]:
    """What was filled in, each in its one spelling; what is empty is left out. `documents`: ids that may be served.

    Raises FieldUnusable.
    """
    known = {field.name: field for field in template.typed}
    lent = {field.name: field.label_zh for field in template.fields if field.name in template.lent}
    for name in filled:
        if name in lent:
            raise FieldUnusable(name, lent[name], "of_decision")
        if name not in known:
            raise FieldUnusable(shown(str(name)), "—", "unknown")
    read = {name: _read(field, filled[name], documents) for name, field in known.items() if name in filled}
    return {name: value for name, value in read.items() if is_there(value)}


def missing_of(template: Template, fields: Mapping[str, Any], facts: Mapping[str, Any]) -> tuple[str, ...]:
    """The Chinese names of what the template requires, and nobody filled in, or the case does not have."""
    lacking = [FACTS[fact.name].label[0] for fact in template.facts if fact.required and not is_there(facts[fact.name])]
    for field in template.typed:
        if field.required and field.name not in fields:
            lacking.append(field.label_zh)
        for row in fields.get(field.name, ()) if field.type == "rows" else ():
            lacking += [f"{field.label_zh}：{column.label_zh}" for column in _missing_columns(field, row)]
    return tuple(dict.fromkeys(lacking))


def _missing_columns(field: TemplateField, row: Mapping[str, Any]) -> list[TemplateField]:
    return [column for column in field.columns if column.required and column.name not in row]


def _read(field: TemplateField, value: Any, documents: Collection[str]) -> Any:
    if value is None or value == "":
        return None
    if field.type == "rows":
        return _read_rows(field, value)
    if field.type == "documents":
        return _read_documents(field, value, documents)
    if field.type == "number":
        return _read_number(field, value)
    if not isinstance(value, str):
        raise _refused(field, "no_text")
    return _READERS[field.type](field, tidy(value))


def _read_rows(field: TemplateField, value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or len(value) > MOST_ROWS or not all(isinstance(row, Mapping) for row in value):
        raise _refused(field, "no_rows")
    known = {column.name: column for column in field.columns}
    rows = []
    for row in value:
        if not known.keys() >= row.keys():
            raise _refused(field, "unknown")
        read = {name: _read(column, row[name], ()) for name, column in known.items() if name in row}
        rows.append({name: said for name, said in read.items() if is_there(said)})
    return [row for row in rows if row]


def _read_documents(field: TemplateField, value: Any, documents: Collection[str]) -> list[str]:
    ids = [value] if isinstance(value, str) else value
    if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
        raise _refused(field, "no_documents")
    try:
        written = list(dict.fromkeys(str(uuid.UUID(each)) for each in ids))
    except ValueError as error:
        raise _refused(field, "no_documents") from error
    if not set(documents) >= set(written):
        raise _refused(field, "no_documents")
    return written


def _read_number(field: TemplateField, value: Any) -> int:
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 12:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST_NUMBER:
        raise _refused(field, "no_number")
    return value


def _read_line(field: TemplateField, text: str) -> str | None:
    if "\n" in text or "\t" in text:
        raise _refused(field, "lines")
    return _read_text(field, text, LONGEST_LINE)


def _read_text(field: TemplateField, text: str, longest: int = LONGEST_TEXT) -> str | None:
    if len(text) > longest:
        raise _refused(field, "too_long")
    if text and find_problem(text, longest) is not None:
        raise _refused(field, "hidden")
    return text or None


def _read_day(field: TemplateField, text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise _refused(field, "no_day") from error
    if not is_usable(day):
        raise _refused(field, "no_day")
    return day.isoformat()


def _read_moment(field: TemplateField, text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise _refused(field, "no_moment") from error
    if moment.tzinfo is None or not is_usable(moment):
        raise _refused(field, "no_moment")
    return moment.isoformat()


def _read_money(field: TemplateField, text: str) -> str:
    if not _MONEY.fullmatch(text):
        raise _refused(field, "no_money")
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise _refused(field, "no_money") from error
    if amount > _MOST_MONEY:
        raise _refused(field, "no_money")
    return f"{amount:.2f}"


def _read_choice(field: TemplateField, text: str) -> str:
    if text not in field.choices:
        raise _refused(field, "no_choice")
    return text


def _refused(field: TemplateField, problem: str) -> FieldUnusable:
    return FieldUnusable(field.name, field.label_zh, problem)


_READERS: Final = {
    "line": _read_line,
    "text": _read_text,
    "day": _read_day,
    "moment": _read_moment,
    "money": _read_money,
    "choice": _read_choice,
}
