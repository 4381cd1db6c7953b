"""VERIFY.md: its lines are run as they stand, by shells, against sound and changed packages."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from integrity.keys import SigningKey
from integrity.package.guide_keys import follow_lines
from integrity.package.write import write_package
from integrity.trust import write_trust
from tests.integrity.package.changed_keys import THIRD_PACKAGE, ChangedKeys, activation, day

with_cosign = pytest.mark.skipif(shutil.which("cosign") is None, reason="cosign is not installed")

DOCS = Path(__file__).parents[3] / "docs"
THIEF = SigningKey.generate()


def blocks_in(page: Path) -> list[str]:
    return re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def blocks_of(folder: Path, *, with_cosign: bool = False) -> list[str]:
    return [block for block in blocks_in(folder / "VERIFY.md") if with_cosign or not block.startswith("cosign")]


def run_lines(
    blocks: list[str], folder: Path, trust: Path | None = None, shell: str = "sh"
) -> subprocess.CompletedProcess[str]:
    lines = "set -e\n" + "\n".join(blocks)
    if trust is not None:
        lines = lines.replace("TRUST=trust\n", f"TRUST='{trust}'\n")
    return subprocess.run([shell, "-c", lines], cwd=folder, capture_output=True, text=True, check=False, timeout=120)


def run_guide(folder: Path, trust: Path | None = None, shell: str = "sh") -> subprocess.CompletedProcess[str]:
    return run_lines(blocks_of(folder), folder, trust, shell)


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


@with_cosign
def test_cosign_lines_succeed_as_written(pristine: Path) -> None:
    text = (pristine / "VERIFY.md").read_text(encoding="utf-8")
    lines = "set -e\nTRUST=trust\n" + "\n".join(line for line in text.splitlines() if line.startswith("cosign "))
    done = subprocess.run(["sh", "-c", lines], cwd=pristine, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("Verified OK") + done.stdout.count("Verified OK") == 2


# Signing keys that were changed


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_from_an_old_trust_folder_the_lines_lead_to_the_keys_of_later(later: Path, old: Path, shell: str) -> None:
    done = run_guide(later, old, shell)
    assert done.returncode == 0, done.stderr
    # The checkpoint, both words of four successions, the statement, two manifests.
    assert done.stdout.count("Signature Verified Successfully") == 1 + 2 * 4 + 3
    assert "package 3: 2026-01-05T01:30:00.000000Z log/entries/8.json" in done.stdout


def test_with_all_keys_in_hand_they_are_held_against_the_entries(later: Path) -> None:
    done = run_guide(later)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Signature Verified Successfully") == 4


@with_cosign
def test_cosign_takes_the_keys_that_were_followed(later: Path, old: Path) -> None:
    done = run_lines(blocks_of(later, with_cosign=True), later, old)
    assert done.returncode == 0, done.stderr
    assert (done.stdout + done.stderr).count("Verified OK") == 2


@pytest.fixture
def changed_package(later: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(later, tmp_path / "later"))


@pytest.mark.parametrize("signed_by", [None, THIEF], ids=["not in the ledger", "nobody vouches for it"])
def test_the_lines_lead_to_no_key_of_others(
    changed_package: Path, changed: ChangedKeys, old: Path, signed_by: SigningKey | None
) -> None:
    """Once the former key is stolen and the ledger's is not, once the other way round."""
    former = changed.lines["package"][1]
    forged = activation("package", 3, THIEF, former, day(4), signed_by=signed_by)
    if signed_by is None:
        (changed_package / f"log/entries/{THIRD_PACKAGE}.json").write_bytes(forged)
    else:
        changed.rewrite_log(changed_package, {THIRD_PACKAGE: forged})
    changed.sign(changed_package, key=THIEF)
    done = run_guide(changed_package, old)
    assert done.returncode != 0
    assert "package 2: " in done.stdout
    assert "package 3: " not in done.stdout


def test_the_page_of_the_docs_has_the_same_lines_for_whoever_takes_none_from_a_package(later: Path, old: Path) -> None:
    """What is in a package may have been written by whoever forged it."""
    (block,) = [each for each in blocks_in(DOCS / "verifying.md") if "check_entry()" in each]
    lines = block.splitlines()
    assert set("\n".join(follow_lines(())).splitlines()) <= set(lines)
    first, *_ = lines
    assert first.startswith("TRUST=")
    done = run_lines([block.replace(first, f"TRUST='{old}'")], later)
    assert done.returncode == 0, done.stderr
    told = [line for line in done.stdout.splitlines() if "log/entries/" in line]
    assert [line.partition(":")[0] for line in told] == ["manifest 2", "receipt 2", "package 2", "package 3"]
    assert done.stdout.count("Signature Verified Successfully") == 1 + 2 * 4
