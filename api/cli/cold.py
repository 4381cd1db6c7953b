"""`liuhen cold`: how the cold place is, and asking for an original that lies in it. docs/cold.md."""

from __future__ import annotations

from typing import Annotated

import typer


def cold(
    recall: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="申请调回此记录的原件，须同时给出 --grant / have this recording's original back"
        ),
    ] = None,
    grant: Annotated[
        str | None,
        typer.Option(metavar="ID", help="在其名下调回的调阅或复制授权 / the grant to view or copy that it is for"),
    ] = None,
    named: Annotated[int, typer.Option(min=0, metavar="N", help="各列出前 N 个 / name the first N of each kind")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="只输出 JSON / print JSON only")] = False,
) -> None:
    """冷存储的状态，或申请调回原件；有问题则退出码 1 / How the cold place is; exit 1 if something is the matter."""
    from api.cli.admin_archive import open_for_command, open_for_looking, report
    from api.cli.cold_order import read_recall
    from api.cli.cold_recall import recall_for_holder
    from api.cli.cold_shown import recall_facts, recall_lines, state_facts, state_lines

    order = read_recall(recall, grant)
    if order is not None:
        with open_for_command("cold") as opened:
            facts = recall_facts(opened.archive, order, recall_for_holder(opened.archive, *order))
        report(as_json, facts, recall_lines(facts))
        return
    with open_for_looking("cold") as archive:
        facts = state_facts(archive, named)
    report(as_json, facts, state_lines(facts))
    raise typer.Exit(0 if facts["wrong"] is None else 1)
