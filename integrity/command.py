"""What anybody can check without the archive, with nothing but the evidence and the keys:

    python -m integrity verify PACKAGE [--trust DIR [--renew NEW]] [--json]  a package
    python -m integrity receipt RECEIPT --trust DIR [--file FILE] [--json]   a station's receipt, and the file it is of
    python -m integrity consistency OLD NEW --trust DIR [--tiles DIR] [--json]   that the ledger only grew meanwhile

Exit status: 0 it holds, 1 it does not, 2 the command cannot be carried out (no such folder, trust that cannot be used).
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from integrity.canonical import Json
from integrity.chinese import said_in_both, said_in_chinese
from integrity.errors import EvidenceError, GrowthUnproven
from integrity.growth_check import check_kept, describe_grown, describe_not_grown, grown_form, not_grown_form
from integrity.hidden_signs import escaped
from integrity.package.failure import PackageInvalid
from integrity.package.report import ask_for_package, describe_failure, describe_verdict, failure_form, verdict_form
from integrity.package.verify import STEPS, Verdict, verify_package
from integrity.receipt_check import (
    check_receipt,
    describe_no_receipt,
    describe_receipt,
    no_receipt_form,
    receipt_form,
    says_it_is_receipt,
)
from integrity.trust import Trust, load_trust, write_trust

HOLDS, FAILS, UNUSABLE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; give its exit status."""
    asked = _parser().parse_args(arguments)
    if asked.command == "verify" and not asked.package.is_dir():
        return _complain(_no_folder(asked.package))
    try:
        trust = load_trust(asked.trust) if asked.trust is not None else None
    except EvidenceError as error:
        return _complain_of("信任文件夹无法使用", "the trust folder cannot be used", error)
    if asked.command == "verify" and asked.renew is not None and trust is None:
        return _complain("--renew 须同时给出 --trust / --renew goes with --trust")
    if asked.command == "receipt":
        return _check_receipt(asked, trust)
    if asked.command == "consistency":
        return _check_growth(asked, trust)
    if asked.json:
        return _verify_as_json(asked.package, trust, asked.renew)
    return _verify_aloud(asked.package, trust, asked.renew)


def _no_folder(package: Path) -> str:
    """A package is handed over as one file, and many a reader gives that, or a receipt."""
    said = f"不是文件夹 / not a folder: {package}"
    if not package.is_file():
        return said
    if says_it_is_receipt(package):
        checking = f"python -m integrity receipt {shlex.quote(str(package))} --trust DIR --file FILE"
        return f"这是回执，不是证据包，请用 / a receipt and no package, to be verified by: {checking}"
    unpacking = f"tar -xf {shlex.quote(str(package))}"
    return f"{said}；请先解包，再核验解出的文件夹 / unpack it first, then verify the folder: {unpacking}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m integrity", description="离线核验 / offline verification")
    commands = parser.add_subparsers(dest="command", required=True)
    verify = commands.add_parser("verify", help="核验证据包 / verify a package")
    verify.add_argument("package", metavar="PACKAGE", type=Path, help="证据包文件夹 / the package's folder")
    verify.add_argument(
        "--trust",
        metavar="DIR",
        type=Path,
        help="事先收到的信任文件夹;不给出则只核验前后一致 / the trust folder handed over beforehand; "
        "without it only consistency is checked",
    )
    verify.add_argument("--json", action="store_true", help="只输出 JSON / print JSON only")
    verify.add_argument(
        "--renew",
        metavar="NEW",
        type=Path,
        help="核验通过后，把信任文件夹连同依账本接替而来的密钥写入新文件夹 NEW / once it holds, write the trust folder "
        "with the keys that succeeded its own by the ledger into the new folder NEW",
    )
    receipt = commands.add_parser("receipt", help="核验回执 / verify a receipt")
    receipt.add_argument("receipt", metavar="RECEIPT", type=Path, help="回执文件（.dsse.json） / the receipt's file")
    _add_trust(receipt)
    receipt.add_argument(
        "--file", metavar="FILE", type=Path, help="回执所指的原始文件 / the original that the receipt is of"
    )
    receipt.add_argument("--json", action="store_true", help="只输出 JSON / print JSON only")
    _add_consistency(commands.add_parser("consistency", help="核验账本只增不改 / verify that the ledger only grew"))
    return parser


def _add_consistency(parser: argparse.ArgumentParser) -> None:
    kinds = "检查点、回执、证据包或增长证明 / a checkpoint, receipt, package or growth proof"
    parser.add_argument("old", metavar="OLD", type=Path, help=f"以前留存的{kinds} that was kept")
    parser.add_argument(
        "new",
        metavar="NEW",
        type=Path,
        help=f"其后的{kinds} of later; 或账本文件的副本 / or a copy of the ledger's files",
    )
    _add_trust(parser)
    parser.add_argument(
        "--tiles",
        metavar="DIR",
        type=Path,
        help="含有 tile/ 的文件夹，NEW 不是增长证明时使用 / the folder with tile/ in it, where NEW is no growth proof",
    )
    parser.add_argument("--json", action="store_true", help="只输出 JSON / print JSON only")


def _add_trust(parser: argparse.ArgumentParser) -> None:
    """Where nothing can be said without it."""
    told = "事先收到的信任文件夹 / the trust folder handed over beforehand"
    parser.add_argument("--trust", metavar="DIR", type=Path, required=True, help=told)


def _check_growth(asked: argparse.Namespace, trust: Trust | None) -> int:
    assert trust is not None
    for path in (asked.old, asked.new):
        if not path.exists():
            return _complain(f"没有这个文件 / no such file: {path}")
    if asked.tiles is not None and not (asked.tiles / "tile").is_dir():
        return _complain(f"其中没有 tile/ / there is no tile/ in it: {asked.tiles}")
    try:
        grown = check_kept(asked.old, asked.new, trust, asked.tiles)
    except GrowthUnproven as error:
        return _complain(said_in_both(error))
    except EvidenceError as error:
        _print_form_or_lines(asked.json, not_grown_form(error), describe_not_grown(error))
        return FAILS
    _print_form_or_lines(asked.json, grown_form(grown), describe_grown(grown))
    return HOLDS


def _print_form_or_lines(as_json: bool, form: Mapping[str, Json], lines: Iterable[str]) -> None:
    _print_lines((json.dumps(form, ensure_ascii=False, indent=2),) if as_json else lines)


def _check_receipt(asked: argparse.Namespace, trust: Trust | None) -> int:
    assert trust is not None
    for path in (asked.receipt, asked.file):
        if path is not None and not path.is_file():
            return _complain(f"没有这个文件 / no such file: {path}")
    try:
        checked = check_receipt(asked.receipt, trust, asked.file)
    except EvidenceError as error:
        _print_form_or_lines(asked.json, no_receipt_form(error), describe_no_receipt(error))
        return FAILS
    _print_form_or_lines(asked.json, receipt_form(checked), describe_receipt(checked))
    return HOLDS


def _verify_aloud(package: Path, trust: Trust | None, renew: Path | None) -> int:
    try:
        verdict = verify_package(package, trust, _announce)
    except PackageInvalid as failure:
        _print_lines(describe_failure(failure))
        if failure.step == 1:
            _print_lines(ask_for_package(package))
        return FAILS
    _print_lines(describe_verdict(verdict))
    if renew is not None:
        status = _renew(renew, verdict)
        if status == HOLDS:
            print(f"信任文件夹连同接替的密钥已写入 / the trust folder, brought up to date: {escaped(str(renew))}")
        return status
    return HOLDS


def _verify_as_json(package: Path, trust: Trust | None, renew: Path | None) -> int:
    try:
        verdict = verify_package(package, trust)
    except PackageInvalid as failure:
        print(json.dumps(failure_form(failure), ensure_ascii=False, indent=2))
        return FAILS
    print(json.dumps(verdict_form(verdict), ensure_ascii=False, indent=2))
    return HOLDS if renew is None else _renew(renew, verdict)


def _renew(folder: Path, verdict: Verdict) -> int:
    """What was handed over, and what the ledger leads to from there, for receipts and for whoever checks by hand."""
    try:
        write_trust(folder, verdict.renewed)
    except EvidenceError as error:
        return _complain_of("信任文件夹未写入", "the trust folder was not written", error)
    except OSError as error:
        return _complain(f"信任文件夹未写入 / the trust folder was not written: {error}")
    return HOLDS


def _announce(step: int) -> None:
    chinese, english = STEPS[step]
    print(f"{step:2}. {chinese} / {english}", flush=True)


def _print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


def _complain_of(chinese: str, english: str, error: EvidenceError) -> int:
    return _complain(f"{chinese}：{said_in_chinese(error)} / {english}: {error}")


def _complain(text: str) -> int:
    print(escaped(text), file=sys.stderr)
    return UNUSABLE
