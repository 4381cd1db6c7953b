"""Which rows have a data key, and so need the key-encryption key that it is wrapped under.

Whoever destroys a key, moves rows from one to another, or says which keys a backup has to hold, asks here: a table that
one of them forgot would lose what it keeps, or hold a key for ever.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, String, exists, literal, select, union_all

from storage.catalog.access import RequestAttachment
from storage.catalog.recordings import CustodyAttempt, Recording, Rendition
from storage.catalog.redaction import RedactedCopy
from storage.catalog.uploads import TO_BE_SEALED, Upload

KEEPS_DATA_KEY: tuple[Any, ...] = (Recording, Rendition, RedactedCopy, RequestAttachment)


def may_become_recording() -> ColumnElement[bool]:
    """Of an attempt: its upload is being sealed, or stopped until a person decides.

    Not: it is no recording. The attempt of a file that was sealed before never becomes one, and goes an hour later.
    """
    return exists().where(Upload.id == CustodyAttempt.upload_id, Upload.state.in_(TO_BE_SEALED))


def rows_by_key() -> Select[tuple[str, str]]:
    """The table and the key (`named_by`, `kek_id`) of each row that needs one.

    All tables in one statement, and so as of one instant: an attempt becomes a recording with the commit that ends its
    being counted. Asked one after the other, the recordings before that commit and the attempts after it, neither would
    name the key of what was sealed meanwhile.
    """
    rows = union_all(
        *(
            select(literal(each.__tablename__, String).label("named_by"), each.kek_id.label("kek_id")).where(
                each.kek_id.is_not(None)
            )
            for each in KEEPS_DATA_KEY
        ),
        select(literal(CustodyAttempt.__tablename__, String), CustodyAttempt.kek_id).where(may_become_recording()),
    ).subquery("rows_by_key")
    return select(rows.c.named_by, rows.c.kek_id)
