"""Which station a request is of: by the key pair made on it, by a bearer token, or, without either, by a certificate.

Three steps, so that many requests can share one question to the catalog: what a request shows (`read_credential`),
whose that is (HOLDER_OF), and whether it holds (`check_credential`, `let_in_once`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from ingest.stations.credential import PresentedCredential, hash_station_token
from ingest.stations.errors import (
    CredentialRefused,
    CredentialRevoked,
    SignatureOutOfDate,
    SignatureRefused,
    SignatureStale,
)
from ingest.stations.signature import (
    ALLOWED_SKEW,
    RequestSignature,
    check_age,
    check_content,
    read_signature,
    verify_request,
)
from integrity.keys import PublicKey
from storage.catalog.stations import StationNonce
from storage.database import Database

# What may come again without changing anything: a read, and bytes that are bound to their offset and their digest.
_HARMLESS_AGAIN = frozenset({"GET", "HEAD", "OPTIONS", "PATCH"})

HOLDER_OF = """
    LEFT JOIN LATERAL (
        SELECT id AS station_id, NULL::bytea AS public_key FROM station WHERE token_hash = a.token_hash
        UNION ALL SELECT station_id, public_key FROM station_key WHERE id = a.key_id AND ended_at IS NULL
        UNION ALL SELECT id, NULL FROM station
            WHERE certificate_sha256 = a.certificate_sha256 AND token_hash IS NULL AND NOT EXISTS
                (SELECT FROM station_key WHERE station_id = station.id AND ended_at IS NULL)
    ) c ON true
    LEFT JOIN station s ON s.id = c.station_id
"""
"""Joins each row of `a` (token_hash, key_id, certificate_sha256, all but one null) to its station `s`.

A certificate alone proves only a station that has neither key nor token: beside one of those it is asked for as well.
"""

_FIND = f"""
    SELECT s.id, s.unit_id, s.revoked_at, s.certificate_sha256, c.public_key
    FROM (SELECT %s::bytea AS token_hash, %s::text AS key_id, %s::bytea AS certificate_sha256) AS a {HOLDER_OF}
"""  # noqa: S608  put together from our own words

# The commit does not wait for the disk: only a database that crashes within the second forgets what it let in.
_REMEMBER = """
    INSERT INTO station_nonce (key_id, nonce, expires_at)
    SELECT n.* FROM unnest(%s::text[], %s::text[], %s::timestamptz[]) AS n,
        (SELECT set_config('synchronous_commit', 'off', true)) AS s
    ON CONFLICT DO NOTHING RETURNING key_id, nonce
"""


@dataclass(frozen=True)
class Credential:
    """What a request shows, not looked at yet: exactly one of the three is there."""

    presented: PresentedCredential
    signature: RequestSignature | None = None
    token_hash: bytes | None = None
    certificate_sha256: bytes | None = None

    @property
    def key_id(self) -> str | None:
        return None if self.signature is None else self.signature.key_id


@dataclass(frozen=True)
class Holder:
    """The station of a credential as the catalog has it now. `public_key` of the key that was shown, 32 bytes."""

    station_id: UUID
    unit_id: UUID
    revoked_at: datetime | None
    certificate_sha256: bytes | None
    public_key: bytes | None


@dataclass(frozen=True)
class ProvedStation:
    """A station whose credential holds; `key_id` of the key that signed, None for a token or a certificate."""

    station_id: UUID
    unit_id: UUID
    key_id: str | None


def admit(database: Database, presented: PresentedCredential, body: bytes | None) -> ProvedStation:
    """The live station that sent this request, let in this once. `body` is what came with it, None for nothing.

    Raises CredentialRefused, SignatureOutOfDate.
    """
    credential = read_credential(presented)
    with database.direct() as connection:
        row = connection.execute(
            _FIND.encode(), (credential.token_hash, credential.key_id, credential.certificate_sha256)
        ).fetchone()
    holder = check_credential(
        credential, None if row is None or row[0] is None else Holder(*row), datetime.now(UTC), body=body
    )
    if not let_in_once(database, [credential])[0]:
        raise CredentialRefused("this signature was let in before")
    return ProvedStation(holder.station_id, holder.unit_id, credential.key_id)


def read_credential(presented: PresentedCredential) -> Credential:
    """By which of its credentials a request is to be judged: the strongest it shows. Raises CredentialRefused."""
    try:
        signature = read_signature(presented)
    except SignatureRefused as error:
        raise CredentialRefused(error.reason) from error
    if signature is not None:
        return Credential(presented, signature=signature)
    token = presented.bearer_token
    if token is not None:
        return Credential(presented, token_hash=hash_station_token(token))
    if presented.certificate_sha256 is not None:
        return Credential(presented, certificate_sha256=presented.certificate_sha256)
    raise CredentialRefused("neither a signature nor an Authorization: Bearer header")


def check_credential(
    credential: Credential, holder: Holder | None, now: datetime, *, again: bool = False, body: bytes | None = None
) -> Holder:
    """The holder, if the credential proves him and he is live. Raises CredentialRefused, SignatureOutOfDate.

    `again`: the request was let in before and its body is still arriving; its age is not asked. `body`: what came,
    where it was read before; without it a signed body has to be bound by Upload-Checksum, which whoever takes the
    bytes checks.
    """
    if holder is None:
        raise CredentialRefused("unknown, or replaced, or a certificate where the key or token is needed too")
    try:
        _check_signature(credential, holder, now, again=again, body=body)
    except SignatureStale as error:
        raise SignatureOutOfDate(error.created, error.server_time) from error
    except SignatureRefused as error:
        raise CredentialRefused(error.reason) from error
    if holder.revoked_at is not None:
        raise CredentialRevoked(holder.station_id, holder.revoked_at)
    if holder.certificate_sha256 not in (None, credential.presented.certificate_sha256):
        raise CredentialRefused(f"station {holder.station_id} is bound to another client certificate")
    return holder


def let_in_once(database: Database, credentials: Sequence[Credential]) -> list[bool]:
    """Which of these, once checked, are let in: False for a signature that was let in before, by whichever process.

    Those that may come again are let in unasked. To be called before anything is done: whatever becomes of a request,
    it does not come twice.
    """
    once = [each.signature for each in credentials if each.signature and each.presented.method not in _HARMLESS_AGAIN]
    if not once:
        return [True] * len(credentials)
    until = [each.created + ALLOWED_SKEW * 2 for each in once]
    with database.direct() as connection:
        rows = connection.execute(
            _REMEMBER.encode(), ([each.key_id for each in once], [each.nonce for each in once], until)
        ).fetchall()
    fresh = set(rows)
    return [_is_let_in(credential, fresh) for credential in credentials]


def forget_old_signatures(session: Session, now: datetime) -> int:
    """Drop those that are too old to be let in anyway; how many they were."""
    old = delete(StationNonce).where(StationNonce.expires_at < now)
    return len(session.scalars(old.returning(StationNonce.nonce)).all())


def _is_let_in(credential: Credential, fresh: set[tuple[str, str]]) -> bool:
    signature = credential.signature
    if signature is None or credential.presented.method in _HARMLESS_AGAIN:
        return True
    name = (signature.key_id, signature.nonce)
    if name not in fresh:
        return False
    fresh.discard(name)  # twice at once is twice
    return True


def _check_signature(credential: Credential, holder: Holder, now: datetime, *, again: bool, body: bytes | None) -> None:
    signature, presented = credential.signature, credential.presented
    if signature is None:
        return
    if holder.public_key is None:
        raise SignatureRefused("no key")
    verify_request(presented, signature, PublicKey(holder.public_key))
    if body is not None:
        check_content(presented.headers, body)
    elif presented.has_body and not presented.headers.get("upload-checksum", "").startswith("sha256 "):
        raise SignatureRefused("a signed body is bound by Upload-Checksum with sha256")
    if not again:
        check_age(signature, now)
