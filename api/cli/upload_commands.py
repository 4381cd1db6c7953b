"""`liuhen admin upload`: uploads that could not be sealed are looked at, tried again, or given up."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.admin_archive import open_for_command, report
from api.cli.options import Json

uploads = typer.Typer(help="未能封存的上传 / uploads that could not be sealed", no_args_is_help=True)

UploadId = Annotated[str, typer.Argument(metavar="ID", help="上传编号 / the upload's id")]


@uploads.command("list")
def list_uploads(as_json: Json = False) -> None:
    """列出未能封存、或反复推迟的上传及原因 / List those that failed or are put off again and again, and why."""
    from api.cli.admin_uploads import list_uploads, upload_lines

    with open_for_command("admin") as opened, opened.archive.database.reading() as session:
        items = list_uploads(opened.archive, session)
    report(as_json, {"items": items}, (line for each in items for line in upload_lines(each)))


@uploads.command("unknown")
def list_unknown(as_json: Json = False) -> None:
    """列出无对应上传的暂存文件 / List staged files that the catalog does not know: it is older than they are."""
    from api.cli.admin_uploads import list_unknown_files, unknown_line

    with open_for_command("admin") as opened:
        items = list_unknown_files(opened.archive)
    report(as_json, {"items": items}, (unknown_line(each) for each in items))


@uploads.command("retry")
def retry_upload(upload_id: UploadId, as_json: Json = False) -> None:
    """原因已排除，立即重新封存 / Seal it now: the cause is gone."""
    from api.cli.admin_uploads import retry

    with open_for_command("admin") as opened, opened.archive.database.transaction() as session:
        facts = retry(opened.archive, session, upload_id)
    report(as_json, facts, (f"将重新封存 / to be sealed again: {upload_id}",))


@uploads.command("release")
def release_upload(
    upload_id: UploadId,
    reason: Annotated[str, typer.Option(help="原因，一句话 / why, in a sentence")],
    as_json: Json = False,
) -> None:
    """放弃该上传并删除其暂存数据与密文，工作站可重新发送 / Give it up and remove its bytes; it may be sent again."""
    from api.cli.admin_uploads import release
    from ingest.sealing.given_up import remove_attempts_given_up

    with open_for_command("admin") as opened:
        with opened.archive.database.transaction() as session:
            facts = release(opened.archive, session, upload_id, reason)
        # After the commit; the sweep makes good what a crash leaves in between, and on another node all of it.
        opened.archive.staging.remove(upload_id)
        remove_attempts_given_up(opened.archive.database, opened.archive.store)
    report(as_json, facts, (f"已放弃 / given up: {upload_id}",))


@uploads.command("move")
def move_uploads(
    from_node: Annotated[
        str, typer.Option("--from", help="原采集节点，不填为单机 / that had them; none: the one box")
    ] = "",
    to_node: Annotated[
        str, typer.Option("--to", help="新采集节点，不填为单机 / that has them now; none: the one box")
    ] = "",
    as_json: Json = False,
) -> None:
    """将一个采集节点在办的上传转给另一节点（先停原节点） / Another node takes all that one had in hand."""
    from api.cli.admin_uploads import move

    with open_for_command("admin") as opened, opened.archive.database.transaction() as session:
        facts = move(session, from_node, to_node)
    line = f"已转移 / moved: {facts['uploads']}  {from_node or '—'} → {to_node or '—'}"
    report(as_json, facts, (line,))
