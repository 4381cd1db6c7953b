"""Uploads that sealing stopped at, or does not get through with: a person has them tried again, or gives them up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from ingest.lease import given_back, is_free
from ingest.sealing.errors import ClaimedDigestDiffers, NodeAtWork, UploadNotInTrouble
from retention.wording import require_reason
from storage.catalog.recordings import Receipt, Recording
from storage.catalog.uploads import IN_HAND, OWED_RECEIPT, Upload
from storage.ledger.append import Actor, Change, record_change

STUCK_ATTEMPTS = 5
"""Whoever was tried so often has waited for about a minute by then: more than any restart takes."""
LEFT_ALONE = timedelta(hours=1)
"""Whoever has waited so long on a node where nobody seals anything may wait for ever: its disk may be lost."""


def _is_left_alone() -> ColumnElement[bool]:
    """Never on the one box: whoever looks into it sees whether its custody runs."""
    other = aliased(Upload)
    at_work = select(other.id).where(
        other.node == Upload.node, other.state.in_(OWED_RECEIPT), other.leased_by.is_not(None), ~is_free(other)
    )
    long_ago = Upload.finished_at < func.now() - LEFT_ALONE
    return and_(Upload.node != "", Upload.state.in_(OWED_RECEIPT), long_ago, ~at_work.exists())


_IN_TROUBLE = or_(
    Upload.state == "failed",
    and_(Upload.state == "sealed", Upload.failure_code.is_not(None)),
    and_(Upload.state.in_(OWED_RECEIPT), Upload.attempts >= STUCK_ATTEMPTS),
    _is_left_alone(),
)
_IS_TAKEN = and_(Upload.leased_by.is_not(None), ~is_free(Upload))
LIST_LIMIT = 10_000
_DIFFERED = and_(Upload.state == "failed", Upload.failure_code == ClaimedDigestDiffers.code)
_CAME_ELSEWHERE = (
    "工作站所声明的同一文件已由其另一次上传收讫 / the same file came whole in another upload of the station"
)


def list_in_trouble(session: Session) -> Sequence[Upload]:
    """The uploads that failed, what is sealed and gets no receipt, what was put off again and again, and what waits on
    a node that seals no more; the oldest first."""
    statement = select(Upload).where(_IN_TROUBLE)
    return session.scalars(statement.order_by(Upload.finished_at, Upload.id).limit(LIST_LIMIT)).all()


def retry_upload(session: Session, by: Actor, upload_id: str) -> Upload:
    """Make it due now, as if it had just been finished. Raises UploadNotInTrouble."""
    upload = _in_trouble(session, upload_id)
    if upload.state == "failed":
        upload.state = "finished"
    _forget_failure(upload)
    record_change(session, by, Change("upload.retried", "upload", upload.id, upload.unit_id))
    return upload


def release_upload(session: Session, by: Actor, upload_id: str, reason: str) -> Upload:
    """Give it up. What is staged and stored of it the caller removes after the commit (ingest/sealing/given_up.py).

    Raises UploadNotInTrouble, also for one that is sealed or being sealed, and retention's ReasonUnusable.
    """
    reason = require_reason(reason)
    upload = _in_trouble(session, upload_id)
    if upload.state == "sealed" or _is_at_work(session, upload):
        raise UploadNotInTrouble(upload_id, "sealed" if upload.state == "sealed" else "being sealed")
    data = {"code": upload.failure_code or "stuck"}
    upload.state = "terminated"
    record_change(session, by, Change("upload.released", "upload", upload.id, upload.unit_id, data, {"reason": reason}))
    return upload


def release_superseded(session: Session) -> list[str]:
    """Give up what came with other bytes than its station claimed, once the same file has come whole from it and has
    its receipt: nobody waits for the others, and they take the station's room. Returns the uploads' ids.

    The same file: of the claimed digest, the same length, name, and device. A client that claims one digest for all it
    has must not lose what it sent under other names; of those a person decides. What is staged of what is given up goes
    as that of any other. One that a person has at the moment is his.
    """
    given_up = []
    for upload_id, other_id in session.execute(_superseded()):
        held = select(Upload).where(Upload.id == upload_id, _DIFFERED).with_for_update(skip_locked=True)
        upload = session.scalars(held).first()
        if upload is None:
            continue
        upload.state = "terminated"
        data = {"code": ClaimedDigestDiffers.code, "came_as": other_id}
        change = Change("upload.released", "upload", upload.id, upload.unit_id, data, {"reason": _CAME_ELSEWHERE})
        record_change(session, Actor.system("housekeeping"), change)
        given_up.append(upload.id)
    return given_up


def _superseded() -> Select[str, str]:
    """Each with an upload of its station that has the receipt."""
    other = aliased(Upload)
    claimed = func.decode(Upload.claims["sha256"].astext, "hex")
    is_of_one_file = and_(
        other.declared_length == Upload.declared_length,
        Upload.claims["filename"].astext == other.claims["filename"].astext,
        Upload.claims["filename"].astext != "",
        Upload.claims["device"].astext.is_not_distinct_from(other.claims["device"].astext),
    )
    return (
        select(Upload.id, func.min(other.id))
        .join(Recording, Recording.sha256 == claimed)
        .join(Receipt, Receipt.recording_id == Recording.id)
        .join(other, and_(other.id == Receipt.upload_id, other.station_id == Upload.station_id, is_of_one_file))
        .where(_DIFFERED)
        .group_by(Upload.id)
        .limit(LIST_LIMIT)
    )


def move_uploads(session: Session, from_node: str, to_node: str) -> int:
    """Have one node do what was another's: all that is in hand there. The files themselves an operator brings.

    How many they are. Which node has an upload's bytes is no claim and no evidence, so the ledger has no entry of it.
    Raises NodeAtWork while the former node's custody has something in hand.
    """
    theirs = (Upload.node == from_node, Upload.state.in_(IN_HAND))
    if session.scalar(select(func.count()).where(*theirs, _IS_TAKEN)):
        raise NodeAtWork(from_node)
    return len(session.scalars(update(Upload).where(*theirs).values(node=to_node).returning(Upload.id)).all())


def _in_trouble(session: Session, upload_id: str) -> Upload:
    """Locked, so that no worker takes it meanwhile."""
    statement = select(Upload).where(Upload.id == upload_id, _IN_TROUBLE).with_for_update()
    upload = session.scalars(statement).first()
    if upload is None:
        raise UploadNotInTrouble(
            upload_id, session.scalar(select(Upload.state).where(Upload.id == upload_id)) or "unknown"
        )
    return upload


def _forget_failure(upload: Upload) -> None:
    """A worker that has it at the moment keeps it: only a pause is over."""
    upload.attempts, upload.failure_code, upload.failure_detail = 0, None, None
    if upload.leased_by is None:
        upload.leased_until = given_back()["leased_until"]


def _is_at_work(session: Session, upload: Upload) -> bool:
    """Whether a worker has it, by the clock that leases are written with; a pause is nobody's work."""
    taken = select(Upload.id).where(Upload.id == upload.id, _IS_TAKEN)
    return session.scalars(taken).first() is not None
