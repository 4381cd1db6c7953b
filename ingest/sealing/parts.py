"""What sealing works with, handed in by whoever runs it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.media.findings import Findings
from ingest.metadata.claims import Claims
from ingest.sealing.due import DueUpload
from ingest.sealing.fair_share import FairSemaphore
from integrity.epoch_keys import EpochSigner
from integrity.keys import SigningKey
from storage.database import Database
from storage.keystore import KeyStore
from storage.ledger.reading import LedgerReader
from storage.objects.protocol import ObjectStore

if TYPE_CHECKING:
    # Reading receipts of what was sealed takes this module too, and no time stamps.
    from integrity.timestamp import TimestampToken, TimestampTrust

MANY = 1000


def untold(_upload: DueUpload) -> AbstractContextManager[None]:
    """Nobody listens."""
    return nullcontext()


@dataclass(frozen=True)
class Custody:
    """What sealing works with. `probe` opens media only in the sandbox (docs/decisions/0004), `read_claims` none.

    `timestamp_trust` is what verifiers pin: a token that does not hold against it would be of no use to anybody.
    `manifest_signer` and `receipt_key` are asked for each signature: another key may have taken their place.
    `told` is open while an upload is sealed, for whoever wants to hear of its steps (steps.py).
    `looking` has a place for each `probe` that the machine has memory for.
    """

    database: Database
    store: ObjectStore
    key_store: KeyStore
    ledger: LedgerReader
    manifest_signer: Callable[[], EpochSigner]
    receipt_key: Callable[[], SigningKey]
    staged_path: Callable[[str], Path]
    probe: Callable[[Path], Findings]
    read_claims: Callable[[DueUpload, Findings], Claims]
    request_token: Callable[[bytes], TimestampToken]
    timestamp_trust: TimestampTrust
    receipt_patience_seconds: float = 10.0
    told: Callable[[DueUpload], AbstractContextManager[object]] = untold
    looking: FairSemaphore = field(default_factory=lambda: FairSemaphore(MANY))
