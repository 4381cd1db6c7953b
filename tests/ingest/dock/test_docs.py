"""docs/docking.md says what the agent does: its example is read, its tables name every member, event and default."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from ingest.dock.config import read_config
from ingest.dock.events import EVENT_NAMES
from ingest.dock.marks import MarkRules

PAGE = (Path(__file__).parents[3] / "docs" / "docking.md").read_text("utf-8")


def test_the_example_is_a_configuration(tmp_path: Path) -> None:
    example = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert example is not None
    path = tmp_path / "dock.toml"
    path.write_text(example[1])
    config = read_config(path)
    assert config.wipe
    assert len(config.rates.windows) == 2
    assert config.marks.folders == ("RO", "EVENT", "重要")
    assert config.places.mounts == (Path("/media"), Path("/run/media"))


@pytest.mark.parametrize("kind", EVENT_NAMES, ids=lambda kind: kind.__name__)
def test_every_event_is_listed_with_its_members(kind: type) -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith("| `") and f"`{EVENT_NAMES[kind]}`" in line)
    for field in fields(kind):
        assert f"`{field.name}`" in row


def test_every_mark_is_listed() -> None:
    rules, listed = MarkRules(), PAGE.lower()
    assert all(f"`{folder}`" in listed for folder in rules.folders)
    for name in rules.names:
        if not name.startswith("[0-9]"):  # Told in words.
            assert f"`{name.replace('[_-]', '_')}`" in listed, name
