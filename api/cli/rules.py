"""`liuhen rules`: rules tried on files, with the very engines the archive uses, before they bind anybody."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from api.cli.options import Json

if TYPE_CHECKING:
    from casework.deadlines.starts_file import Answer

app = typer.Typer(
    help="在文件上试用规则，不涉及任何档案 / try rules on files, away from any archive", no_args_is_help=True
)

ReadT = TypeVar("ReadT")
_REASONS: dict[type[OSError], str] = {
    FileNotFoundError: "没有这个文件",
    IsADirectoryError: "这是文件夹",
    PermissionError: "没有读取权限",
}
RulesPaths = Annotated[
    list[Path] | None,
    typer.Option("--rules", metavar="FILE", help="试用的期限规则，与随附规则并用，可多次 / terms to try, repeatable"),
]
CalendarPaths = Annotated[
    list[Path] | None,
    typer.Option("--calendar", metavar="FILE", help="一年的放假安排，可多次 / a year's days off, repeatable"),
]


@app.command()
def deadlines(
    starts: Annotated[
        Path, typer.Argument(metavar="INPUT.csv", help="列 kind,start_date（或 期限,起算日） / a table of starts")
    ],
    rules: RulesPaths = None,
    calendar: CalendarPaths = None,
) -> None:
    """计算期限，输出 CSV / Compute due days, as CSV: kind,start_date,due_date,in_force,rule.

    当日没有这种期限的，in_force 为 false；所需年份的放假安排尚未公布的，没有 due_date，rule 中给出估计。
    Where no such term was in force, in_force is false; where a year is not announced, the rule holds an estimate alone.
    """
    from casework.deadlines.calendar import Calendar, read_year
    from casework.deadlines.starts_file import answer, read_starts
    from casework.deadlines.terms import read_terms, shipped_terms, with_tried

    with _explained():
        days = Calendar().over([_read(path, read_year) for path in calendar or ()])
        known = with_tried(shipped_terms(), [_read(path, read_terms) for path in rules or ()])
        answers = answer(_read(starts, read_starts), known, days)
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(("kind", "start_date", "due_date", "in_force", "rule"))
    table.writerows(map(_row, answers))


@app.command()
def terms(rules: RulesPaths = None, as_json: Json = False) -> None:
    """列出期限规则及其依据 / List the terms with their law and the days on which they hold."""
    from api.cli.admin_archive import report
    from casework.deadlines.terms import read_terms, shipped_terms, with_tried

    with _explained():
        files = with_tried(shipped_terms(), [_read(path, read_terms) for path in rules or ()]).files
    items: list[dict[str, Any]] = [
        {
            "rules": file.name,
            "kind": term.kind,
            "days": term.days,
            "counted": term.counted,
            "direction": term.direction,
            "first_day_counts": term.first_day_counts,
            "whole_days": term.whole_days,
            "moves_from_day_off": term.moves_from_day_off,
            "valid_from": file.valid_from.isoformat(),
            "valid_until": None if file.last_day is None else file.last_day.isoformat(),
            "rank": file.rank,
            "law": list(term.law),
        }
        for file in files
        for term in file.terms
    ]
    report(as_json, {"items": items}, map(_line, items))


@app.command()
def completeness(
    case: Annotated[
        Path, typer.Argument(metavar="CASE.json", help="见 docs/formats/rules.md / an act and its recordings")
    ],
) -> None:
    """判断一次执法行为的记录是否完整，输出 JSON / Say how complete the recordings of an act are, as JSON.

    文件为列表时，按原顺序输出列表。 / A list in gives a list out, in order.
    """
    from casework.completeness.case_file import as_json, read_case_files

    with _explained():
        cases, is_list = _read(case, read_case_files)
    for place in (unnamed for each in cases for unnamed in each.unnamed):
        typer.echo(f"{place} 没有写明说明人，不计 / names no officer, and explains nothing", err=True)
    for place in (unknown for each in cases for unknown in each.unknown):
        typer.echo(f"{place} 不是已知的名称，不计 / is no name that is known here, and was not looked at", err=True)
    found = [as_json(each.demand.span, each.judge()) for each in cases]
    typer.echo(json.dumps(found if is_list else found[0], ensure_ascii=False))


@app.command()
def checklist(
    file: Annotated[Path, typer.Argument(metavar="CHECKLIST.yaml", help="见 docs/formats/rules.md / a checklist")],
    as_json: Json = False,
) -> None:
    """检查音像记录事项清单文件，逐项列出 / Check a checklist of recordings, and list what it says of each act."""
    from api.cli.admin_archive import report
    from api.cli.admin_checklists import act_line
    from casework.checklists.checklist_file import read_checklist, refuse_nonsense

    with _explained():
        found = _read(file, read_checklist)
    with _explained(f"{file}: "):
        refuse_nonsense(found)
    items = [{"checklist": f"{found.jurisdiction} {found.version}", **act.as_json()} for act in found.acts]
    report(as_json, {"items": items}, map(act_line, found.acts))


@app.command()
def retention(
    file: Annotated[
        Path, typer.Argument(metavar="RETENTION.yaml", help="见 docs/formats/rules.md / rules of retention")
    ],
    as_json: Json = False,
) -> None:
    """检查保管期限规则文件，逐项列出 / Check rules of retention, and list what they say."""
    from api.cli.admin_archive import report
    from api.cli.admin_retention import retention_lines
    from casework.archiving.retention_file import read_retention, refuse_nonsense

    with _explained():
        found = _read(file, read_retention)
    with _explained(f"{file}: "):
        refuse_nonsense(found)
    facts = {"rules": f"{found.jurisdiction} {found.version}", **found.rules_as_json()}
    report(as_json, facts, retention_lines(facts))


def _row(answer: Answer) -> Sequence[str]:
    start, due, rules = answer.start, answer.due, answer.rules
    if due is None or rules is None:
        return start.kind, start.day.isoformat(), "", "false", ""
    rule = f"{rules.name}: {'; '.join(answer.law)}"
    if due.unannounced:
        years = ", ".join(map(str, due.unannounced))
        rule += f" (估计 {due.day}：没有 {years} 年的放假安排 / estimate {due.day}: no calendar of {years})"
    return start.kind, start.day.isoformat(), "" if due.unannounced else due.day.isoformat(), "true", rule


_COUNTED = {"working_days": "工作日 / working days", "calendar_days": "自然日 / calendar days"}
_DIRECTIONS = {"after": "之后 / after", "before": "之前 / before"}


def _line(item: dict[str, Any]) -> str:
    from casework.deadlines.kinds import KINDS

    until = item["valid_until"] or "…"
    days = f"{item['days']} {_COUNTED[item['counted']]}，{_DIRECTIONS[item['direction']]}"
    law = "、".join(item["law"])
    return (
        f"{item['rules']}  {KINDS[item['kind']].name_zh} {item['kind']}  {days}  {item['valid_from']} – {until}  {law}"
    )


def _read(path: Path, reader: Callable[[bytes], ReadT]) -> ReadT:
    from api.errors import UsageRefused
    from casework.completeness.case_file import MOST_BYTES

    try:
        with path.open("rb") as file:
            # One more than the most that any reader takes, which then says that it is too much; a device has no end.
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        english = error.strerror or type(error).__name__
        chinese = _REASONS.get(type(error), english)
        raise UsageRefused(f"无法读取 {path}：{chinese}", f"cannot read {path}: {english}") from error
    with _explained(f"{path}: "):
        return reader(content)


@contextmanager
def _explained(place: str = "") -> Iterator[None]:
    """What is refused of a file is a matter of usage, said in both languages."""
    from api.errors import UsageRefused
    from casework.errors import CaseworkError

    try:
        yield
    except CaseworkError as error:
        from api.http.problems import problem_of

        raise UsageRefused(f"{place}{problem_of(error, 'zh')['detail']}", f"{place}{error}") from error
