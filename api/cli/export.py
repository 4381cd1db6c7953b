"""`liuhen export`: a case's footage as a package that anybody can verify without this archive."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from storage.catalog.organisation import Person


def export(
    case: Annotated[str, typer.Argument(metavar="CASE", help="案件编号或案号 / the case's id or number")],
    grant: Annotated[str, typer.Option(metavar="ID", help="复制授权的编号 / id of the grant to copy")],
    out: Annotated[
        Path | None,
        typer.Option(help="新建的目录，缺省为 ./liuhen-案件-授权 / the folder to make; else ./liuhen-CASE-GRANT"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="只输出 JSON / print JSON only")] = False,
) -> None:
    """按复制授权导出案件，生成可离线核验的证据包 / Copy a case under a grant into a package for a court."""
    from api.cli.admin_archive import open_for_command, report
    from api.cli.verify import verifying_command
    from api.errors import UsageRefused
    from api.export import export_case

    with open_for_command("export") as opened:
        with opened.archive.database.reading() as session:
            person, case_id, grant_id = _find(session, case, grant)
        # The same name each time: whoever repeats it after a crash sweeps what the crash left.
        target = out or Path(f"liuhen-{str(case_id)[:8]}-{str(grant_id)[:8]}")
        if target.exists():
            raise UsageRefused(
                f"{target} 已存在；请用 --out 另选", f"{target} is there already: name another with --out"
            )
        exported = export_case(opened.archive, person, case_id, grant_id, target.absolute())
    facts = {
        "folder": str(exported.folder),
        "package_id": str(exported.export_id),
        "case_id": str(case_id),
        "statement_sha256": exported.statement_sha256.hex,
        "recordings": exported.recordings,
        "size_bytes": exported.size_bytes,
    }
    lines = (
        f"已导出并核验 / exported and verified: {exported.folder}",
        f"原始记录 / recordings: {exported.recordings}, {exported.size_bytes} 字节 / bytes",
        f"声明文件 SHA-256 / of its statement: {exported.statement_sha256.hex}",
        f"离线核验 / to verify it: {verifying_command(exported.folder)}",
        "DIR 是事先交付的信任文件夹；在别处核验见包内的 VERIFY.md / DIR is the trust folder handed over beforehand; "
        "to verify it elsewhere: VERIFY.md in the package",
    )
    report(as_json, facts, lines)


def _find(session: Session, case: str, grant: str) -> tuple[Person, uuid.UUID, uuid.UUID]:
    """Whom the grant is for, and the case. Raises UsageRefused, and casework's Unknown."""
    from api.cli.ids import id_in, read_id
    from casework.cases import find_case_by_number
    from casework.errors import Unknown
    from storage.catalog.access import Grant
    from storage.catalog.organisation import Person

    grant_id = read_id(grant)
    row = session.get(Grant, grant_id)
    if row is None:
        raise Unknown("access_grant", grant_id)
    case_id = id_in(case)
    if case_id is None:
        found = find_case_by_number(session, row.unit_id, case)
        if found is None:
            raise Unknown("case", case)
        case_id = found.id
    return session.get_one(Person, row.person_id), case_id, grant_id
