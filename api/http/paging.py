"""Lists over HTTP: `limit` and `cursor` in, items and `next` out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from fastapi import Depends, Query

from api.http.schema.base import Listed
from retention.paging import MOST_ROWS, Cursor, Page

RowT = TypeVar("RowT")
ItemT = TypeVar("ItemT")


class ListQuery:
    """Which page of a list is wanted. Raises CursorInvalid for a cursor that no list gave out."""

    def __init__(
        self,
        limit: Annotated[int, Query(ge=1, le=MOST_ROWS, description="每页条数 / rows a page")] = 50,
        cursor: Annotated[
            str | None, Query(max_length=400, description="上一页的 next / `next` of the page before")
        ] = None,
    ) -> None:
        self.limit = limit
        self.after = None if not cursor else Cursor.parse(cursor)


Wanted = Annotated[ListQuery, Depends()]


def listed(page: Page[RowT], items_of: Callable[[Sequence[RowT]], Sequence[ItemT]]) -> Listed[ItemT]:
    """The answer of a list; `items_of` makes the items of all rows at once, so that names are looked up once."""
    return Listed(items=list(items_of(page.items)), next=None if page.next is None else page.next.to_text())


def listed_each(page: Page[RowT], item_of: Callable[[RowT], ItemT]) -> Listed[ItemT]:
    """As `listed`, where each row makes an item by itself."""
    return listed(page, lambda rows: [item_of(row) for row in rows])
