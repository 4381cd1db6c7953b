"""What the ledger says of returns (定期报送): each row; and each return's figures, counted again at its checkpoint."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.verification.audit import Audit
from api.verification.steps import Facts, Step, Subject, as_stated, ended, made_at, pledged, unit_of
from casework.returns.drawing_up import units_counted
from casework.returns.owed import owed_as_drawn_up
from casework.returns.rows import kind_of
from casework.returns.soundness import is_asked_of, what_is_unsound
from casework.statistics import figures
from casework.statistics.at_checkpoint import DaysAtCheckpoint, count_many
from casework.units import unit_tree
from integrity.ledger_entry import LedgerEntry
from storage.catalog.ledger import LedgerCheckpoint
from storage.catalog.organisation import Unit
from storage.catalog.returns import ReturnReceipt, ReturnRule, ReturnSending, UnitReturn

_AT_ONCE = 200
"""So many returns are counted in one reading of the ledger."""


def _drawn_up(entry: LedgerEntry) -> Facts:
    stated = as_stated(entry, "code", "period", "first_day", "last_day", "ordinal", "rule_id")
    figures = as_stated(entry, "checkpoint_size", "root", "figures_sha256")
    by: Facts = {"reason": None, **pledged(entry, "reason"), "unit_id": unit_of(entry), "drawn_up_by": entry.actor_id}
    open_: Facts = dict.fromkeys(("checked", "checked_by", "set_aside", "set_aside_by", "set_aside_reason"))
    return {**open_, **stated, **figures, **by, **made_at(entry, "drawn_up_at")}


def _sent(entry: LedgerEntry) -> Facts:
    stated = {**as_stated(entry, "sent_on"), **pledged(entry, "recipient", "proof")}
    by: Facts = {"unit_id": unit_of(entry), "return_id": entry.subject_id, "sent_by": entry.actor_id}
    return {**stated, **by, **made_at(entry, "sent_at")}


def _receipt(entry: LedgerEntry) -> Facts:
    stated = {**as_stated(entry, "sending_id", "media_type", "sha256"), **pledged(entry, "name")}
    by: Facts = {"unit_id": unit_of(entry), "filed_by": entry.actor_id, "of_its_content": True}
    return {**stated, **by, **made_at(entry, "filed_at")}


RETURN_SUBJECTS: Sequence[Subject] = (
    Subject(
        UnitReturn,
        (
            Step("return.drawn_up", _drawn_up, makes=True),
            Step("return.checked", ended("checked", "checked_by")),
            Step("return.set_aside", ended("set_aside", "set_aside_by", "set_aside_reason")),
        ),
    ),
    Subject(ReturnSending, (Step("return.sent", _sent, "sending_id", makes=True),)),
    Subject(ReturnReceipt, (Step("return.receipt_filed", _receipt, "receipt_id", makes=True),)),
)


def check_return_figures(audit: Audit) -> None:
    """The figures of each return are those of the entries that its checkpoint covers.

    An entry can state the digest of other figures: whoever wrote the row wrote the entry. What entries add up to nobody
    chooses. Which figures there are is what was counted then; what an earlier release counted in another way is not
    counted again, and is told.
    """
    for rows in audit.rows(select(UnitReturn), UnitReturn.id):
        with audit.archive.database.reading(snapshot=True) as session:
            by_codes: defaultdict[tuple[str, ...], list[UnitReturn]] = defaultdict(list)
            for row in rows:
                codes = _codes_of(audit, row)
                _check_words(audit, session, row, codes)
                _check_asked_for(audit, session, row)
                if codes and _is_counted_as_today(audit, row):
                    by_codes[codes].append(row)
            for codes, alike in by_codes.items():
                for place in range(0, len(alike), _AT_ONCE):
                    _check_figures(audit, session, alike[place : place + _AT_ONCE], codes)


def _check_figures(audit: Audit, session: Session, rows: Sequence[UnitReturn], codes: tuple[str, ...]) -> None:
    counted = {row.id: DaysAtCheckpoint(row.first_day, row.last_day, row.checkpoint_size) for row in rows}
    units = {uuid.UUID(unit["id"]) for row in rows for unit in row.figures["units"]}
    found = count_many(session, set(counted.values()), units, codes)
    for row in rows:
        checkpoint = session.get(LedgerCheckpoint, row.checkpoint_size)
        root = None if checkpoint is None else checkpoint.root
        if root != row.root:
            audit.findings.add("figures_differ", f"unit_return {row.id}: root", root, row.root)
        for unit in row.figures["units"]:
            ours: Mapping[str, int] = found[counted[row.id]].get(uuid.UUID(unit["id"]), {})
            expected = {code: ours.get(code, 0) for code in codes}
            if expected != unit["figures"]:
                subject = f"unit_return {row.id}: figures of unit {unit['id']}"
                audit.findings.add("figures_differ", subject, *_told(expected, unit["figures"]))


def _codes_of(audit: Audit, row: UnitReturn) -> tuple[str, ...]:
    """What was counted of any of its units; nothing where these are no figures, which is told: others are counted."""
    try:
        figures_of = {uuid.UUID(unit["id"]): unit["figures"].keys() for unit in row.figures["units"]}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        audit.findings.add("figures_differ", f"unit_return {row.id}: figures", "figures of units", repr(error))
        return ()
    return tuple(sorted(set[str]().union(*figures_of.values())))


def _check_words(audit: Audit, session: Session, row: UnitReturn, codes: tuple[str, ...]) -> None:
    """Nothing that its rule names was left out: a group has figures, though not those that were added since."""
    try:
        words = kind_of(row, session.get_one(ReturnRule, row.rule_id)).figures
    except KeyError:  # Its rule was changed, which is a finding of the rule.
        return
    left_out = [word for word in words if not set(figures.codes_of((word,))) & set(codes)]
    if left_out:
        audit.findings.add("figures_differ", f"unit_return {row.id}: figures", " ".join(words), f"no {left_out[0]}")


def _check_asked_for(audit: Audit, session: Session, row: UnitReturn) -> None:
    """It is one that its unit owed, of that period, and has the figures of all units that it is of."""
    rule, unit = session.get_one(ReturnRule, row.rule_id), session.get_one(Unit, row.unit_id)
    unsound = what_is_unsound(row, rule)
    if unsound == "figures":  # told where they are counted
        return
    if unsound is not None or not is_asked_of(row, rule, _line_then(session, unit, row.drawn_up_at), unit):
        said = f"{row.code} {row.period}, {row.first_day} to {row.last_day}"
        audit.findings.add("return_not_owed", f"unit_return {row.id}: period", f"what {rule.id} asks for", said)
        return
    for what, units in _units_unlike(session, row).items():
        if units:
            told = f"{what}: {' '.join(sorted(map(str, units)))}"
            audit.findings.add("return_not_owed", f"unit_return {row.id}: units", "its unit and those below it", told)


def _units_unlike(session: Session, row: UnitReturn) -> dict[str, frozenset[uuid.UUID]]:
    """Units that it lacks, and those that are not its own. Who came, or was merged, since may be in it."""
    owed = owed_as_drawn_up(session, [row])[row.id]
    counted = {node.unit.id: node.unit for node in units_counted(session, owed)}
    known_then = frozenset(session.scalars(select(unit_tree(row.unit_id, at=row.drawn_up_at).c.id)))
    wanted = {unit_id for unit_id, unit in counted.items() if unit.created_at <= row.drawn_up_at} & known_then
    allowed = frozenset(counted) | (known_then if owed.kind.with_below else frozenset())
    stated = frozenset(uuid.UUID(each["id"]) for each in row.figures["units"])
    return {"not in it": frozenset(wanted - stated), "not of it": stated - allowed}


def _line_then(session: Session, unit: Unit, at: datetime) -> tuple[uuid.UUID, ...]:
    """The unit, then those above it, as the archive knew them."""
    line, above = [unit.id], _above_then(unit, at)
    while above is not None and above not in line:
        line.append(above)
        above = _above_then(session.get_one(Unit, above), at)
    return tuple(line)


def _above_then(unit: Unit, at: datetime) -> uuid.UUID | None:
    return unit.parent_before if unit.ended_at is not None and unit.ended_at > at else unit.parent_id


def _is_counted_as_today(audit: Audit, row: UnitReturn) -> bool:
    counting, today = row.figures.get("counting"), figures.COUNTING
    if counting == today:
        return True
    earlier = isinstance(counting, int) and 0 < counting < today
    kind = "figures_not_counted" if earlier else "figures_differ"
    audit.findings.add(kind, f"unit_return {row.id}: counting", str(today), str(counting))
    return False


def _told(expected: dict[str, int], found: dict[str, Any]) -> tuple[str, str]:
    """Where they differ."""
    codes = sorted(code for code in expected.keys() | found.keys() if expected.get(code) != found.get(code))
    ours = " ".join(f"{code}={expected.get(code)}" for code in codes)
    theirs = " ".join(f"{code}={found.get(code)}" for code in codes)
    return ours, theirs
