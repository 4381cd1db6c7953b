"""A dozen real files through the docking agent, each sealed as the corpus states it; `make corpus` takes all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus.docks import Expected, dock_corpus, read_manifest
from tests.journeys.running import RunningArchive

pytestmark = [pytest.mark.journey, pytest.mark.thorough, pytest.mark.timeout(300)]
FILES = 12


def choose_mixed(files: list[Expected]) -> list[Expected]:
    """The smallest of each kind of file, for as many kinds as there is room."""
    by_kind: dict[str, Expected] = {}
    for file in sorted(files, key=lambda file: file.size_bytes):
        by_kind.setdefault(Path(file.name).suffix.lower(), file)
    return list(by_kind.values())[:FILES]


def test_real_files_are_sealed_as_the_corpus_states_them(archive: RunningArchive, corpus: Path, tmp_path: Path) -> None:
    files = choose_mixed(read_manifest(corpus))
    archive.admin("unit", "create", "四大队", "--code", "JC-04")
    docked = dock_corpus(archive, corpus, files, tmp_path, "--unit", "JC-04")
    assert docked.complaints == ()
    assert docked.files == len(files) >= 8
