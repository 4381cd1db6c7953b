"""The rule that keeps the reader's imports to what is in its sandbox names all that is not there."""

from __future__ import annotations

import tomllib
from pathlib import Path

import storage

ROOT = Path(__file__).parents[3]


def test_the_rule_forbids_every_module_of_storage_but_the_one_that_is_there() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (forbidden,) = (
        each["forbidden_modules"] for each in contracts if each.get("source_modules") == ["ingest.media.inside"]
    )
    folder = Path(storage.__path__[0])
    found = {path.stem for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert {name for name in forbidden if name.startswith("storage.")} == {
        f"storage.{name}" for name in found - {"__init__", "measures"}
    }
