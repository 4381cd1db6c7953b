"""The package: exported, verified with the keys handed over before, tampered with, and signed anew by somebody else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from api.demo.client import Facts
from api.demo.errors import require
from api.demo.folders import DemoFolders
from api.demo.narration import Narrator
from api.demo.programs import Done, Programs
from api.demo.resigning import sign_anew
from api.demo.tampering import copy_and_flip

Reported = Mapping[str, Facts]


def hand_over_trust(programs: Programs, trust: Path, narrator: Narrator) -> None:
    """Write the public keys for verifiers, before there is anything to verify."""
    written = programs.liuhen("admin", "trust", str(trust), "--json").json()
    for each in written["fingerprints"]:
        narrator.quote([f"{each['kind']} {each['label']}: {each['sha256']}"])
    narrator.held(f"公钥已写入 {trust}，先于任何上传", "the keys are handed over before anything is uploaded")


def export_case(programs: Programs, case_number: str, grant_id: str, package: Path, narrator: Narrator) -> None:
    programs.liuhen("export", case_number, "--grant", grant_id, "--out", str(package))
    require(package.is_dir(), f"证据包在 {package}", f"the package is in {package}")
    sizes = [path.stat().st_size for path in package.rglob("*") if path.is_file()]
    narrator.held(f"证据包：{len(sizes)} 个文件，{sum(sizes):,} 字节", f"the package: {package}")


def verify_with_trust(programs: Programs, folders: DemoFolders, narrator: Narrator) -> Reported:
    """The verifier's word on each recording in the package, by recording id. Raises CheckFailed when it fails."""
    done = _verify(programs, folders.package, folders.trust)
    report = done.json()
    require(report["verified"] and done.exit_code == 0, "证据包通过核验", "the package holds")
    require(report["keys_from"] == "trust", "密钥来自事先交付的目录", "the keys are those handed over")
    narrator.held(
        f"核验通过：{report['files']} 个文件，{report['entries']} 个账本条目",
        "verified with the keys handed over beforehand, without database or server",
    )
    return {str(each["recording_id"]): each for each in report["recordings"]}


def find_flipped_byte(programs: Programs, folders: DemoFolders, original: str, narrator: Narrator) -> str:
    """Flip one bit in a copy of the package; the file in which the verifier found it. Raises CheckFailed."""
    copy = folders.scratch / "tampered"
    flipped = copy_and_flip(folders.package, copy, original)
    narrator.say(
        f"在副本中改动一个字节：{flipped.path} 第 {flipped.offset:,} 字节 {flipped.before:#04x} → {flipped.after:#04x}",
        "one byte of a copy is changed",
    )
    report = _verify(programs, copy, folders.trust, expect=1).json()
    require(not report["verified"], "改动被发现", "the change is found")
    require(report["file"] == flipped.path, f"指出的文件是 {flipped.path}", f"the file named is {flipped.path}")
    narrator.held(f"核验失败，指出文件 {report['file']}", f"verification fails at step {report['step']}, naming it")
    narrator.quote([f"应为 / expected {report['expected']}", f"实为 / found    {report['found']}"])
    require(report["expected"] != report["found"], "两个摘要不同", "the two digests differ")
    return str(report["file"])


def tell_signed_anew(programs: Programs, folders: DemoFolders, narrator: Narrator) -> None:
    """The same package under other keys passes by itself, and fails against those handed over. Raises CheckFailed."""
    forged = folders.scratch / "signed-anew"
    sign_anew(folders.package, forged, folders.scratch / "forger-tsa")
    alone = _verify(programs, forged, None)
    report = alone.json()
    require(report["verified"] and report["keys_from"] == "package", "单独核验通过", "alone it passes")
    narrator.held(
        "换用他人密钥全部重签，不带 --trust 时前后一致，核验通过",
        "signed anew throughout with other keys, it passes without --trust: that shows consistency alone",
    )
    report = _verify(programs, forged, folders.trust, expect=1).json()
    require(not report["verified"], "带 --trust 时不通过", "with --trust it fails")
    require(report["kind"] == "KeyNotPinned", "原因是密钥不符", "because the key is another")
    narrator.held(f"带上事先交付的公钥即被识破：{report['file']}", f"with --trust it fails: {report['reason']}")


def verify_archive(programs: Programs, narrator: Narrator) -> None:
    programs.liuhen("verify")
    narrator.held("在用档案的存储、数据库、账本三者一致", "liuhen verify: store, rows and ledger agree")


def _verify(programs: Programs, package: Path, trust: Path | None, expect: int = 0) -> Done:
    words: tuple[Any, ...] = ("verify", str(package), "--json", *(() if trust is None else ("--trust", str(trust))))
    return programs.integrity(*words, expect=(expect,))
