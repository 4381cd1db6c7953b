"""A checked return goes to each of its recipients (报送): on which day, what proves it, and what came back (回执)."""

from __future__ import annotations

import hashlib
import uuid
from datetime import date, datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session, undefer

from casework.errors import Unknown
from casework.papers import PaperUnfit, media_type_of
from casework.permission import require
from casework.returns.errors import ReceiptUnusable, ReturnSettled, ReturnUnsound, SendingUnusable
from casework.returns.rows import has_later, kind_of, lock_return, record_return_change, refuse_set_aside
from casework.returns.soundness import what_is_unsound
from casework.rows import unique
from casework.units import line_of
from casework.wording import required_name, required_text
from integrity.local_time import chinese_day
from retention.errors import OutsideUnit
from storage.catalog.organisation import Person
from storage.catalog.returns import ReturnReceipt, ReturnRule, ReturnSending

MOST_RECEIPTS: Final = 5


def send(
    session: Session,
    by: Person,
    return_id: uuid.UUID,
    *,
    recipient: str,
    sent_on: date,
    proof: str,
    now: datetime,
) -> ReturnSending:
    """It went to one recipient on that (Chinese) day. `proof`: which way, and under which number (文号、签收人).

    Raises ReturnSettled, ReturnUnsound, SendingUnusable, TextUnusable, Unknown, OutsideUnit, RoleNotAllowed.
    """
    require(by, "send_returns")
    row, proof = lock_return(session, by, return_id), required_text("proof", proof)
    refuse_set_aside(row)
    if row.checked_at is None:
        raise ReturnSettled(row.id, "not_checked")
    if has_later(session, row):
        raise ReturnSettled(row.id, "later")
    rule = session.get_one(ReturnRule, row.rule_id)
    if (problem := what_is_unsound(row, rule)) is not None:
        raise ReturnUnsound(row.id, problem)
    if recipient not in kind_of(row, rule).recipients:
        raise SendingUnusable(recipient, "recipient")
    if sent_on > chinese_day(now):
        raise SendingUnusable(sent_on, "in_the_future")
    if sent_on < chinese_day(row.checked_at):
        raise SendingUnusable(sent_on, "before_checked")
    sending = ReturnSending(
        id=uuid.uuid4(),
        unit_id=row.unit_id,
        return_id=row.id,
        recipient=recipient,
        sent_on=sent_on,
        proof=proof,
        sent_by=by.id,
        sent_at=now,
    )
    with unique(session, {"uq_return_sending_return_id_recipient": ReturnSettled(row.id, "sent_there")}):
        session.add(sending)
    data = {"sending_id": str(sending.id), "sent_on": sent_on.isoformat()}
    record_return_change(session, by, row, "sent", data, {"recipient": recipient, "proof": proof})
    return sending


def file_receipt(
    session: Session, by: Person, sending_id: uuid.UUID, name: str, content: bytes, now: datetime
) -> ReturnReceipt:
    """A picture or a PDF that shows that it arrived; its digest is in the entry.

    Raises ReceiptUnusable, TextUnusable, Unknown, OutsideUnit, RoleNotAllowed.
    """
    require(by, "send_returns")
    name = required_name("name", name)
    sending = session.get(ReturnSending, sending_id)
    if sending is None:
        raise Unknown("return_sending", sending_id)
    row = lock_return(session, by, sending.return_id)
    try:
        media_type = media_type_of(content)
    except PaperUnfit as error:
        raise ReceiptUnusable(name, error.problem) from error
    filed = select(func.count()).select_from(ReturnReceipt).where(ReturnReceipt.sending_id == sending.id)
    if (session.scalar(filed) or 0) >= MOST_RECEIPTS:
        raise ReceiptUnusable(name, "too_many")
    receipt = ReturnReceipt(
        id=uuid.uuid4(),
        unit_id=row.unit_id,
        sending_id=sending.id,
        name=name,
        media_type=media_type,
        content=content,
        sha256=hashlib.sha256(content).digest(),
        filed_by=by.id,
        filed_at=now,
    )
    session.add(receipt)
    session.flush()
    data = {"receipt_id": str(receipt.id), "sending_id": str(sending.id), "media_type": media_type}
    record_return_change(
        session, by, row, "receipt_filed", {**data, "sha256": receipt.sha256.hex()}, {"name": receipt.name}
    )
    return receipt


def read_receipt(session: Session, by: Person, receipt_id: uuid.UUID) -> ReturnReceipt:
    """With its content, of the person's unit or of one below it. Raises Unknown, OutsideUnit, RoleNotAllowed."""
    require(by, "see_returns")
    row = session.get(ReturnReceipt, receipt_id, options=[undefer(ReturnReceipt.content)])
    if row is None:
        raise Unknown("return_receipt", receipt_id)
    if by.unit_id not in line_of(session, row.unit_id):
        raise OutsideUnit("return_receipt", receipt_id)
    return row
