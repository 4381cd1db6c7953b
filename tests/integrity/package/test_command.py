"""`python -m integrity verify` as others run it: a process, its exit status, what it prints."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from integrity.dsse import sign_envelope
from integrity.keys import SigningKey
from integrity.package.write import write_package
from integrity.receipt import PAYLOAD_TYPE as RECEIPT
from integrity.trust import fingerprints, write_trust

ROOT = Path(__file__).parents[3]

# Stands in for an environment that holds the verifier's own dependencies and nothing else: every other import fails.
BARE = """
import importlib.abc, runpy, sys
ALLOWED = {"integrity", "asn1crypto", "cryptography", "rfc3161_client", "rfc8785", "cffi", "_cffi_backend", "pycparser"}
class Refusing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in ALLOWED and top not in sys.stdlib_module_names:
            raise ModuleNotFoundError(f"{name} is not there", name=name)
sys.meta_path.insert(0, Refusing())
"""
RUN = 'sys.argv[0] = "integrity"; runpy.run_module("integrity", run_name="__main__", alter_sys=True)'


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BARE + RUN, *map(str, arguments)]
    return subprocess.run(
        command,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def held(archive: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trust folder as handed over beforehand."""
    folder = tmp_path_factory.mktemp("handed") / "trust"
    write_trust(folder, archive.trust)
    return folder


@pytest.mark.parametrize("environment", [True, False])
def test_a_python_without_the_libraries_says_what_to_do_and_exits_2(tmp_path: Path, environment: bool) -> None:
    checkout = tmp_path / "留痕 clone"
    shutil.copytree(ROOT / "integrity", checkout / "integrity")
    python = checkout / ".venv/bin/python"
    if environment:
        python.parent.mkdir(parents=True)
        python.symlink_to(sys.executable)
    command = [sys.executable, "-S", "-m", "integrity", "verify", "某 package", "--trust", "trust"]
    done = subprocess.run(command, cwd=checkout, env={"LC_ALL": "C"}, capture_output=True, encoding="utf-8", timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    (told,) = done.stderr.splitlines()
    assert re.search("缺少程序库 (rfc8785|cryptography|asn1crypto|rfc3161_client)", told)
    assert told.index("缺少程序库") < told.index("has no library")
    if environment:
        assert f"'{python}' -m integrity verify '某 package' --trust trust" in told
    else:
        assert "docs/verifying.md" in told


def test_what_is_missing_of_the_program_itself_is_no_library(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "integrity", tmp_path / "integrity")
    (tmp_path / "integrity/trust.py").unlink()
    done = subprocess.run(
        [sys.executable, "-c", BARE + RUN, "verify", "x"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "No module named 'integrity.trust'" in done.stderr


def test_bare_environment_really_refuses_what_the_archive_needs() -> None:
    for name in ("sqlalchemy", "fastapi", "celery", "minio", "psycopg", "typer", "pydantic"):
        command = [sys.executable, "-c", f"{BARE}\nimport {name}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert f"{name} is not there" in done.stderr


def test_sound_package_with_pinned_keys_exits_0_and_shows_every_recording(
    pristine: Path, held: Path, archive: Any
) -> None:
    done = run("verify", pristine, "--trust", held)
    assert (done.returncode, done.stderr) == (0, "")
    for number in range(1, 14):
        assert f"{number:2}. " in done.stdout
    for each in archive.footage:
        assert each.name in done.stdout
    assert "核验通过 / verified" in done.stdout
    assert "handed over beforehand" in done.stdout.splitlines()[-1]


def test_without_trust_the_last_line_says_so_in_both_languages_with_all_fingerprints(
    pristine: Path, archive: Any
) -> None:
    done = run("verify", pristine)
    last = done.stdout.splitlines()[-1]
    assert (done.returncode, done.stderr) == (0, "")
    assert "密钥取自证据包本身" in last
    assert "keys came from the package itself" in last
    assert all(each.sha256 in last for each in fingerprints(archive.trust))


def test_changed_file_is_named_with_both_digests_and_exits_1(package: Path, held: Path) -> None:
    with (package / "data/1/original.mp4").open("r+b") as file:
        file.seek(1000)
        file.write(b"changed")
    for options in ([], ["--trust", held]):
        done = run("verify", package, *options)
        assert (done.returncode, done.stderr) == (1, "")
        lines = done.stdout.splitlines()
        assert "  文件 / file: data/1/original.mp4" in lines
        digests = [line.split()[-1] for line in lines if "/ expected:" in line or "/ found:" in line]
        assert len(set(digests)) == 2
        assert all(len(digest) == 64 for digest in digests)
        assert "verification FAILED" in done.stdout
        assert "核验通过" not in done.stdout


def test_package_signed_anew_passes_alone_and_fails_with_trust(tmp_path: Path, attacker: Any, held: Path) -> None:
    write_package(tmp_path / "package", attacker.contents())
    assert run("verify", tmp_path / "package").returncode == 0
    done = run("verify", tmp_path / "package", "--trust", held)
    assert done.returncode == 1
    assert attacker.keys["package"].key_id in done.stdout


def test_json_is_all_that_is_printed(pristine: Path, package: Path, held: Path, archive: Any) -> None:
    form = json.loads(run("verify", pristine, "--trust", held, "--json").stdout)
    assert (form["verified"], form["keys_from"], form["entries"]) == (True, "trust", 4)
    assert [each["original_name"] for each in form["recordings"]] == [each.name for each in archive.footage]
    assert {"sha256", "sm3", "token_time", "ledger_index"} <= set(form["recordings"][0])
    assert json.loads(run("verify", pristine, "--json").stdout)["keys_from"] == "package"
    (package / "manifest/1.tsr").unlink()
    done = run("verify", "--json", package)
    form = json.loads(done.stdout)
    assert (done.returncode, form["verified"], form["file"], form["kind"]) == (
        1,
        False,
        "manifest/1.tsr",
        "FileMissing",
    )


@pytest.mark.parametrize(
    "arguments",
    [[], ["verify"], ["prove", "x"], ["verify", "/nowhere"], ["verify", __file__], ["verify", "--fast", "x"]],
)
def test_what_cannot_be_carried_out_exits_2_and_says_why_on_stderr(arguments: list[str]) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr


def test_trust_that_cannot_be_used_exits_2(pristine: Path, tmp_path: Path) -> None:
    for folder in (tmp_path / "nowhere", tmp_path):
        done = run("verify", pristine, "--trust", folder)
        assert (done.returncode, done.stdout) == (2, "")
        assert "trust.json" in done.stderr
        assert f"信任文件夹无法使用：信任文件夹 {folder} 不完整" in done.stderr


def test_folder_that_is_no_package_exits_1_and_names_what_is_missing(tmp_path: Path) -> None:
    done = run("verify", tmp_path)
    assert done.returncode == 1
    assert "bagit.txt 应有而没有 / bagit.txt is listed but missing" in done.stdout


def test_who_gives_another_folder_is_asked_whether_it_came_out_of_unpacking(pristine: Path, tmp_path: Path) -> None:
    asked = "这是解包得到的文件夹吗？其中应有 bagit.txt 和 package.dsse.json / is this the folder that came out of"
    for name in ("photo.jpg", "bagit.txt"):
        (tmp_path / name).touch()
        done = run("verify", tmp_path)
        assert done.returncode == 1
        assert asked in done.stdout
        assert "looks like a package" not in done.stdout
    (tmp_path / "out").symlink_to(pristine)
    assert f"looks like a package: {tmp_path / 'out'}" in run("verify", tmp_path).stdout
    assert json.loads(run("verify", tmp_path, "--json").stdout)["step"] == 1


def test_a_package_that_was_changed_is_no_other_folder(package: Path) -> None:
    (package / "VERIFY.md").unlink()
    done = run("verify", package)
    assert done.returncode == 1
    assert "VERIFY.md 应有而没有" in done.stdout
    assert "unpacking" not in done.stdout


def test_a_reason_is_in_both_languages_and_a_program_finds_them_apart(package: Path, held: Path) -> None:
    with (package / "data/1/original.mp4").open("r+b") as file:
        file.write(b"changed")
    form = json.loads(run("verify", package, "--trust", held, "--json").stdout)
    assert form["reason"] == f"data/1/original.mp4: sha256 is {form['found']}, sealed as {form['expected']}"
    assert form["reason_zh"] == f"data/1/original.mp4：sha256 摘要为 {form['found']}，封存时为 {form['expected']}"
    told = run("verify", package, "--trust", held).stdout
    assert f"  原因 / reason: {form['reason_zh']} / {form['reason']}\n" in told


def test_chinese_is_printed_whatever_the_locale(pristine: Path, package: Path) -> None:
    for environment in ({"LC_ALL": "C", "PYTHONUTF8": "0"}, {"LC_ALL": "POSIX", "PYTHONIOENCODING": "ascii"}):
        assert "核验通过" in run("verify", pristine, **environment).stdout


def test_hostile_names_cannot_steer_the_terminal(package: Path) -> None:
    Path(os.fsdecode(os.fsencode(package) + b"/\x1b]0;owned\x07\xff.mp4")).write_bytes(b"x")
    for options in ([], ["--json"]):
        done = run("verify", package, *options)
        assert done.returncode == 1
        assert "\x1b" not in done.stdout
        assert "owned" in done.stdout


def test_a_package_given_as_one_file_is_to_be_unpacked_first(tmp_path: Path) -> None:
    packed = tmp_path / "package.tar"
    packed.touch()
    ran = run("verify", packed)
    assert ran.returncode == 2
    assert f"tar -xf {packed}" in ran.stderr


def test_a_receipt_is_sent_to_the_command_for_receipts(tmp_path: Path) -> None:
    kept = tmp_path / "receipt.dsse.json"
    kept.write_bytes(sign_envelope(b"{}", RECEIPT, SigningKey.generate()).to_bytes())
    ran = run("verify", kept)
    assert ran.returncode == 2
    assert ran.stderr.startswith("这是回执，不是证据包，请用 / a receipt and no package, to be verified by: ")
    assert f"python -m integrity receipt {kept} --trust DIR" in ran.stderr
    assert "解包" not in ran.stderr
