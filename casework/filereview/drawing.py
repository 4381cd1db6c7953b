"""The draw (随机抽取), as anybody who has the ledger computes it: no database, no state (docs/file-review.md)."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Sequence


def rank_of(root: bytes, round_id: uuid.UUID, case_id: uuid.UUID) -> bytes:
    """SHA-256 of the checkpoint's root (32 bytes), the round's id (16) and the case's id (16), one after the other."""
    return hashlib.sha256(root + round_id.bytes + case_id.bytes).digest()


def draw_cases(
    root: bytes, round_id: uuid.UUID, eligible: Iterable[uuid.UUID], sample_size: int
) -> tuple[uuid.UUID, ...]:
    """Those of the smallest ranks, the smallest first."""
    ranked = sorted((rank_of(root, round_id, case_id), case_id.bytes) for case_id in eligible)
    return tuple(uuid.UUID(bytes=case_id) for _, case_id in ranked[:sample_size])


def digest_eligible(case_ids: Sequence[str]) -> str:
    """SHA-256, in hexadecimal, of the ids as small letters in rising order, a line feed after each."""
    return hashlib.sha256("".join(f"{each}\n" for each in sorted(case_ids)).encode()).hexdigest()
