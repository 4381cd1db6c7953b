"""Whose settings the demo's commands have."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.demo.errors import ProgramFailed
from api.demo.programs import Programs


def test_an_archive_that_others_run_is_found_by_our_own_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app").write_text("postgresql://liuhen_app:geheim@/liuhen?host=/nonexistent\n")
    (tmp_path / "data" / "keys").mkdir(parents=True)
    monkeypatch.setenv("LIUHEN_DATABASE_URL_FILE", str(tmp_path / "app"))
    with pytest.raises(ProgramFailed) as failed:
        Programs(tmp_path / "data", tmp_path, elsewhere=True).liuhen("admin", "ledger", "status")
    said = "\n".join(failed.value.detail)
    assert "LIUHEN_DATABASE_WORKER_URL" in said
    assert "geheim" not in said
    # One that the demo starts knows nothing of them.
    own = Programs(tmp_path / "own", tmp_path).liuhen("admin", "ledger", "status", expect=(1, 2))
    assert "DATABASE" not in own.stderr
