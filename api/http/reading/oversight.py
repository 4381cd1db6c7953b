"""Grants with their use, viewings and refusals, with names; and as tables for a spreadsheet."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.http.reading.names import case_refs, names_in, people_named
from api.http.schema.base import PersonRef
from api.http.schema.oversight import GrantUseItem, ReadItem, RefusalItem, SeenItem
from api.http.spreadsheets import csv_bytes
from casework.retrieval.oversight import (
    GrantUse,
    Read,
    Refusal,
    Seen,
    Wanted,
    every,
    list_grant_uses,
    list_readings,
    list_refusals,
    list_seen,
)
from casework.secrecy import keeps_case_from, keeps_nothing_from
from integrity.local_time import CHINA
from storage.catalog.casework import Case
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording


def grant_use_items(session: Session, by: Person, uses: Sequence[GrantUse]) -> list[GrantUseItem]:
    names = people_named(session, *(use.grant.person_id for use in uses), *(use.grant.approved_by for use in uses))
    cases = case_refs(session, (use.grant.case_id for use in uses))
    return [
        GrantUseItem(
            grant_id=use.grant.id,
            unit_id=use.grant.unit_id,
            person=PersonRef.of(use.grant.person_id, names),
            case=cases[use.grant.case_id],
            kind=use.grant.kind,
            unredacted=use.grant.unredacted,
            who=use.request.who,
            purpose=use.request.purpose,
            approved_by=PersonRef.maybe(use.grant.approved_by, names),
            granted_at=use.grant.granted_at,
            expires_at=use.grant.expires_at,
            revoked_at=use.grant.revoked_at,
            windows=use.window_count,
            sent_bytes=use.sent_bytes,
            first_opened_at=use.first_opened_at,
            last_opened_at=use.last_opened_at,
            exports=use.export_count,
            copies=use.copy_count,
            unused=use.is_unused,
        )
        for use in uses
    ]


def seen_items(session: Session, by: Person, seen: Sequence[Seen]) -> list[SeenItem]:
    names = people_named(session, *(each.person_id for each in seen))
    cases = case_refs(session, (each.case_id for each in seen))
    recordings = recordings_told(session, by, (each.recording_id for each in seen))
    return [
        SeenItem(
            grant_id=each.grant_id,
            recording_id=each.recording_id,
            recording=recordings.get(str(each.recording_id)),
            unit_id=each.unit_id,
            person=PersonRef.of(each.person_id, names),
            case=cases[each.case_id],
            first_opened_at=each.first_opened_at,
            last_opened_at=each.last_opened_at,
            windows=each.window_count,
            sent_bytes=each.sent_bytes,
            poster_only=each.poster_only,
        )
        for each in seen
    ]


def recordings_told(session: Session, by: Person, ids: Iterable[uuid.UUID]) -> dict[str, str]:
    """Names of those recordings that no class of secrecy keeps from him: that they were seen, he is told of all."""
    wanted = select(Recording.id, Recording.original_name).where(Recording.id.in_(set(ids)), keeps_nothing_from(by))
    return {str(row.id): row.original_name for row in session.execute(wanted)}


def read_items(session: Session, by: Person, rows: Sequence[Read]) -> list[ReadItem]:
    """Of every reading that it was; of a case that a class of secrecy keeps from him not why."""
    names = people_named(session, *(each.person_id for each in rows))
    cases = case_refs(session, (each.case_id for each in rows))
    wanted = select(Case.id).where(Case.id.in_({each.case_id for each in rows}), keeps_case_from(by, Case.id))
    kept = set(session.scalars(wanted))
    return [
        ReadItem(
            id=each.id,
            at=each.at,
            unit_id=each.unit_id,
            person=PersonRef.of(each.person_id, names),
            case=cases[each.case_id],
            document_id=each.document_id,
            title_zh=each.title_zh,
            title_en=each.title_en,
            at_work=each.reason is None,
            reason=None if each.case_id in kept else each.reason,
        )
        for each in rows
    ]


def refusal_items(session: Session, by: Person, refusals: Sequence[Refusal]) -> list[RefusalItem]:
    names = people_named(session, *(each.person_id for each in refusals), *(each.refused_by for each in refusals))
    recordings = [uuid.UUID(each.subject_id) for each in refusals if each.subject_kind == "recording"]
    others = [{"id": each.subject_id} for each in refusals if each.subject_kind != "recording"]
    subjects = names_in(session, others) | recordings_told(session, by, recordings)
    return [
        RefusalItem(
            at=each.at,
            unit_id=each.unit_id,
            person=PersonRef.maybe(each.person_id, names),
            subject_kind=each.subject_kind,
            subject_id=each.subject_id,
            subject=subjects.get(each.subject_id),
            reason=each.reason,
            refused_by=PersonRef.maybe(each.refused_by, names),
        )
        for each in refusals
    ]


Column = Callable[[Any], object]
_PERSON: Mapping[str, Column] = {"人员 person": lambda row: row.person and row.person.name}
_CASE: Mapping[str, Column] = {"案号 case": lambda row: row.case.number}
_USE: Mapping[str, Column] = {
    "首次打开 first_opened": lambda row: row.first_opened_at,
    "最近打开 last_opened": lambda row: row.last_opened_at,
    "窗口数 windows": lambda row: row.windows,
    "实际发送字节 sent_bytes": lambda row: row.sent_bytes,
}


@dataclass(frozen=True)
class Sheet:
    """One of the lists: how a page of it is found, its rows named, and its columns for a spreadsheet."""

    list_page: Callable[..., Any]
    items_of: Callable[[Session, Person, Sequence[Any]], Sequence[Any]]
    columns: Mapping[str, Column]


SHEETS: Mapping[str, Sheet] = {
    "grants": Sheet(
        list_grant_uses,
        grant_use_items,
        {
            "授权号 grant": lambda row: row.grant_id,
            **_PERSON,
            **_CASE,
            "种类 kind": lambda row: row.kind,
            "含原件 unredacted": lambda row: row.unredacted,
            "申请人类别 who": lambda row: row.who,
            "用途 purpose": lambda row: row.purpose,
            "批准人 approved_by": lambda row: row.approved_by and row.approved_by.name,
            "批准 granted": lambda row: row.granted_at,
            "有效至 expires": lambda row: row.expires_at,
            "撤销 revoked": lambda row: row.revoked_at,
            **_USE,
            "导出数 exports": lambda row: row.exports,
            "遮蔽副本数 copies": lambda row: row.copies,
            "未使用 unused": lambda row: row.unused,
        },
    ),
    "viewings": Sheet(
        list_seen,
        seen_items,
        {
            "授权号 grant": lambda row: row.grant_id,
            **_PERSON,
            **_CASE,
            "记录 recording": lambda row: row.recording,
            "记录编号 recording_id": lambda row: row.recording_id,
            **_USE,
            "仅封面 poster_only": lambda row: row.poster_only,
        },
    ),
    "readings": Sheet(
        list_readings,
        read_items,
        {
            "时间 at": lambda row: row.at,
            **_PERSON,
            **_CASE,
            "文书 document": lambda row: row.title_zh,
            "文书编号 document_id": lambda row: row.document_id,
            "事由 reason": lambda row: row.reason,
        },
    ),
    "refusals": Sheet(
        list_refusals,
        refusal_items,
        {
            "时间 at": lambda row: row.at,
            **_PERSON,
            "原因 reason": lambda row: row.reason,
            "对象种类 subject_kind": lambda row: row.subject_kind,
            "对象 subject": lambda row: row.subject,
            "对象编号 subject_id": lambda row: row.subject_id,
            "不批准人 refused_by": lambda row: row.refused_by and row.refused_by.name,
        },
    ),
}


def as_csv(session: Session, by: Person, name: str, wanted: Wanted) -> bytes:
    """The whole list; times are Beijing's."""
    sheet = SHEETS[name]
    pages = every(sheet.list_page, session, by, wanted)
    items = (item for rows in pages for item in sheet.items_of(session, by, rows))
    lines = ([_cell(column(item)) for column in sheet.columns.values()] for item in items)
    return csv_bytes(chain((list(sheet.columns),), lines))


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"
    return "" if value is None else str(value)
