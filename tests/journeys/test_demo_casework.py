"""`liuhen demo casework` as a stranger runs it; its package and documents are looked at with other tools as well."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.journeys.test_demo import LIUHEN, processes_of

pytestmark = [pytest.mark.journey, pytest.mark.thorough, pytest.mark.timeout(500)]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder it leaves, and what it said."""
    folder = tmp_path_factory.mktemp("casework")
    home = folder / "home"
    home.mkdir()
    named = {"HOME": str(home), "PATH": "/nowhere", "LIUHEN_DATA": str(folder / "data"), "PYTHONUTF8": "1"}
    words = [LIUHEN, "demo", "casework"]
    done = subprocess.run(words, env=named, capture_output=True, text=True, cwd="/", timeout=450)
    assert done.returncode == 0, done.stdout + done.stderr
    assert processes_of(folder) == []
    return folder / "data" / "demo", done.stdout + done.stderr


def test_every_part_is_told(told: tuple[Path, str]) -> None:
    folder, said = told
    for words in (
        "查封（扣押）决定经法制审核后作出并盖章：江综执封扣决字",
        "听证在听证室举行，由固定设备全程记录",
        "双随机检查结果已公示",
        "隐名公示：周某某",
        "公示当日撤下并说明理由",
        "条记录都按人员、设备、时间自动归入案件",
        "已公示、结案并归档",
        "统计由账本算出，与所做的逐项一致",
        "每项核对都通过",
    ):
        assert words in said
    assert not (folder / "private").exists()


def test_its_package_verifies_and_one_byte_of_a_document_is_found(told: tuple[Path, str], tmp_path: Path) -> None:
    folder, _ = told
    words = [sys.executable, "-P", "-m", "integrity", "verify", str(folder / "package"), "--json"]
    trusted = [*words, "--trust", str(folder / "trust")]
    report = json.loads(subprocess.run(trusted, capture_output=True, text=True, check=True, cwd="/").stdout)
    assert (report["verified"], report["keys_from"]) == (True, "trust")
    documents = sorted((folder / "package").rglob("*.pdf"))
    assert len(documents) >= 4
    for document in documents:
        seal = subprocess.run(["pdfsig", "-nocert", str(document)], capture_output=True, text=True).stdout
        assert "Signature is Valid" in seal
        assert "江城区城市管理局" in seal
    changed = bytearray(documents[0].read_bytes())
    changed[len(changed) // 3] ^= 1
    (tmp_path / "changed.pdf").write_bytes(changed)
    found = subprocess.run(["pdfsig", "-nocert", str(tmp_path / "changed.pdf")], capture_output=True, text=True).stdout
    assert "Signature is Valid" not in found
