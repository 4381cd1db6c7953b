"""Lock files name what is installed by versions and digests, and say nothing of where it comes from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-otel.lock", "requirements-dev.lock")
PACKAGE = r"[a-z0-9.-]+(?:\[[a-z0-9,-]+\])?==[\w.+!-]+(?: ; [\w '=<>.()!-]+)? \\"
LINE = re.compile(rf"{PACKAGE}| {{4}}--hash=sha256:[0-9a-f]{{64}}(?: \\)?")


def versions(lock: str) -> set[str]:
    lines = (ROOT / lock).read_text("ascii").splitlines()
    return {line.partition(" ")[0] for line in lines if not line.startswith(" ")}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_versions_and_digests_and_no_address(lock: str) -> None:
    lines = (ROOT / lock).read_text("ascii").splitlines()
    assert len(lines) > 1000
    assert [line for line in lines if not LINE.fullmatch(line)] == []


def test_each_lock_has_what_the_one_before_it_has_in_the_same_version() -> None:
    plain, otel, dev = map(versions, LOCKS)
    assert plain < otel < dev
    assert any(each.startswith("opentelemetry-sdk==") for each in otel - plain)
