"""VERIFY.md: its lines are run as they stand, by shells, against sound and changed packages."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from integrity.package.write import write_package
from integrity.trust import write_trust


def blocks_of(folder: Path) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", (folder / "VERIFY.md").read_text(encoding="utf-8"), re.DOTALL)
    return [block for block in blocks if not block.startswith("cosign")]


def run_guide(folder: Path, trust: Path | None = None, shell: str = "sh") -> subprocess.CompletedProcess[str]:
    lines = "set -e\n" + "\n".join(blocks_of(folder))
    if trust is not None:
        lines = lines.replace("TRUST=trust\n", f"TRUST='{trust}'\n")
    return subprocess.run([shell, "-c", lines], cwd=folder, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_every_line_succeeds_as_written(pristine: Path, shell: str) -> None:
    done = run_guide(pristine, shell=shell)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Signature Verified Successfully") == 4
    assert done.stdout.count("Verification: OK") == 2
    assert done.stdout.count("original.mp4: OK") + done.stdout.count("original.bin: OK") == 2


def test_chinese_comes_first_and_english_beside(pristine: Path) -> None:
    text = re.sub(r"```.*?```", "", (pristine / "VERIFY.md").read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ .*", text, re.MULTILINE)
    assert len(headings) >= 7
    assert all(re.search(r"[\u4e00-\u9fff].* · [A-Z]", heading) for heading in headings)


@pytest.mark.parametrize(
    "path",
    [
        "data/1/original.mp4",
        "data/1/proxy.mp4",
        "manifest/2.dsse.json",
        "manifest/1.tsr",
        "log/checkpoint",
        "log/entries/13.json",
        "meta/case.json",
        "trust/manifest-key-1.pem",
    ],
)
def test_lines_fail_on_a_changed_file_even_when_the_lists_are_made_anew(
    package: Path, forge: SimpleNamespace, path: str
) -> None:
    content = (package / path).read_bytes()
    middle = len(content) // 2
    (package / path).write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    assert run_guide(package).returncode != 0
    forge.rebag(package)
    assert run_guide(package).returncode != 0


def test_lines_pass_with_the_trust_handed_over_and_fail_for_a_package_signed_by_others(
    package: Path, archive: Any, attacker: Any, tmp_path: Path
) -> None:
    write_trust(tmp_path / "held", archive.trust)
    assert run_guide(package, tmp_path / "held").returncode == 0
    write_package(tmp_path / "forged", attacker.contents())
    assert run_guide(tmp_path / "forged").returncode == 0
    assert run_guide(tmp_path / "forged", tmp_path / "held").returncode != 0


@pytest.mark.skipif(shutil.which("cosign") is None, reason="cosign is not installed")
def test_cosign_lines_succeed_as_written(pristine: Path) -> None:
    text = (pristine / "VERIFY.md").read_text(encoding="utf-8")
    lines = "set -e\nTRUST=trust\n" + "\n".join(line for line in text.splitlines() if line.startswith("cosign "))
    done = subprocess.run(["sh", "-c", lines], cwd=pristine, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("Verified OK") + done.stdout.count("Verified OK") == 2
