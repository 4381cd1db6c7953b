"""What looks like a mismatch at first, kept until it is looked at again: on the disk, for there may be a million."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from types import TracebackType
from typing import Any

BATCH = 500
"""Looked at again at one go."""


class Suspicions:
    """Facts, as JSON objects, in the order in which they were noted. As a context manager it closes its file."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(  # noqa: SIM115  closed with this
            "w+", encoding="ascii", prefix="liuhen-reconcile-"
        )
        self.count = 0

    def note(self, **facts: Any) -> None:
        self._file.write(json.dumps(facts) + "\n")
        self.count += 1

    def batches(self) -> Iterator[list[Mapping[str, Any]]]:
        self._file.seek(0)
        while batch := [json.loads(line) for line in islice(self._file, BATCH)]:
            yield batch

    def __enter__(self) -> Suspicions:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._file.close()
