"""A child that could not be taken hold of, for a descriptor was missing say, is ended like any other."""

from __future__ import annotations

import errno
import os
import selectors
from pathlib import Path
from typing import Any

import pytest

from ingest.media.process_group import has_living_member
from ingest.media.supervise import Child


def open_descriptors() -> set[str]:
    return {name.name for name in Path("/proc/self/fd").iterdir()}


@pytest.mark.parametrize(
    ("place", "deed"),
    [(os, "setpriority"), (os, "pidfd_open"), (selectors, "DefaultSelector")],
    ids=str,
)
def test_a_child_that_cannot_be_watched_is_killed_with_its_group_and_leaves_no_descriptor(
    monkeypatch: pytest.MonkeyPatch, place: Any, deed: str
) -> None:
    begun: list[int] = []

    def refuse(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    def note(group: int, *_: object) -> None:
        begun.append(group)

    monkeypatch.setattr("ingest.media.supervise.ProcessorAccount", note)
    monkeypatch.setattr(place, deed, refuse)
    before = open_descriptors()
    with pytest.raises(OSError, match="Too many"):
        Child(["/bin/sh", "-c", "sleep 60 & sleep 60"], (), niceness=1)
    (group,) = begun
    assert not has_living_member(group)
    assert open_descriptors() == before
