"""What search finds, as answers say it."""

from __future__ import annotations

from collections.abc import Sequence

from api.http.schema.base import CaseRef
from api.http.schema.search import FoundItem, MatchedItem
from casework.search.found import Found


def found_items(found: Sequence[Found]) -> list[FoundItem]:
    return [_item(each) for each in found]


def _item(each: Found) -> FoundItem:
    case = each.case
    return FoundItem(
        kind=each.kind,
        id=each.id,
        title=each.title,
        word=each.word,
        at=each.at,
        case=None if case is None else CaseRef(id=case.id, number=case.number, title=case.title),
        matched=[MatchedItem(field=matched.field, text=matched.text) for matched in each.matched],
    )
