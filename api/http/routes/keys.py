"""The archive's public keys. Anybody may read them; whoever wants to rely on them got them another way before."""

from __future__ import annotations

from fastapi.responses import Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.http.api_router import api_router
from api.http.schema.ledger import KeyItem, Keys
from api.http.sessions import TheArchive
from integrity.keys import PublicKey
from integrity.succession import FIRST_EPOCH, write_lines
from storage.catalog.ledger import SigningKeyEpoch

router = api_router(prefix="/keys", tags=["keys"])

PEM_TYPE = "application/x-pem-file"
LINES_TYPE = "application/x-ndjson"


@router.get("", summary="公钥 / Public keys")
def show_keys(archive: TheArchive) -> Keys:
    with archive.database.reading() as session:
        return Keys(keys=announced_keys(session), ledger_vkey=archive.keyring.ledger_vkey)


def announced_keys(session: Session) -> list[KeyItem]:
    """Every public key that was ever announced, the latest epoch of each purpose last."""
    rows = session.scalars(select(SigningKeyEpoch).order_by(SigningKeyEpoch.purpose, SigningKeyEpoch.epoch))
    return [
        KeyItem(
            purpose=row.purpose,
            epoch=row.epoch,
            key_id=row.key_id,
            public_key=row.public_key.hex(),
            pem=PublicKey(row.public_key).pem.decode(),
            activated_at=row.activated_at,
        )
        for row in rows
    ]


@router.get(
    "/receipt",
    summary="回执公钥（PEM） / The key that signs receipts",
    response_class=Response,
    responses={200: {"content": {PEM_TYPE: {}}}},
)
def show_receipt_key(archive: TheArchive) -> Response:
    return Response(archive.keyring.public_key("receipt").pem, media_type=PEM_TYPE)


@router.get(
    "/receipt/successions",
    summary="回执公钥的接替（每行一个 DSSE） / How keys that sign receipts succeeded one another",
    description="每行一个 DSSE 信封，按期次排列，由前后两把密钥共同签名；从未更换则为空。 / "
    "A DSSE envelope a line, in the order of epochs, each signed by the former key and the following one; empty where "
    "there has been one key alone. docs/formats/succession.md.",
    response_class=Response,
    responses={200: {"content": {LINES_TYPE: {}}}},
)
def show_receipt_successions(archive: TheArchive) -> Response:
    """As far as they were announced: the key that is about to follow may yet be another."""
    with archive.database.reading() as session:
        latest = session.scalar(select(func.max(SigningKeyEpoch.epoch)).where(SigningKeyEpoch.purpose == "receipt"))
    announced = archive.keyring.successions("receipt")[: (latest or FIRST_EPOCH) - FIRST_EPOCH]
    return Response(write_lines(announced), media_type=LINES_TYPE)
