"""How a bench serves what it decided."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from casework.service.serving import Served, state_service
from integrity.epoch_keys import EpochKey
from storage.catalog.service import CaseService
from tests.casework.sample_archive import REVIEW_KEYS

NUMBER = "江综执罚决字〔2026〕第7号"


def serve(bench: Any, keys: Sequence[EpochKey] = REVIEW_KEYS, **what: Any) -> CaseService:
    """In person and now, as a photograph of the receipt shows: a number alone, or `what` is said besides."""
    now = datetime.now(UTC)
    receipt = bench.archive.recording(bench.unit, kind="still", started_at=now, duration_seconds=None)
    bench.archive.link(receipt, bench.case, bench.officer)
    if "document_id" not in what:
        what = {"document_number": NUMBER, **what}
    facts = {"receiver": "陈强，本人", "recording_id": receipt.id, **what}
    served = Served("in_person", facts.pop("served_at", now), "陈强", **facts)
    return state_service(bench.session, bench.officer, bench.case.id, served, keys, now)
