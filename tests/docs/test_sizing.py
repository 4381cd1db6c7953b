"""docs/sizing.md works out: each figure follows from the inputs above it, and these stand where they are said to."""

from __future__ import annotations

import ast
import re
from math import ceil
from pathlib import Path

import pytest

from api.settings import Settings
from api.tasks.queues import QUEUES
from ingest.dock.pacing import USUAL_PARALLEL

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "sizing.md").read_text("utf-8")
SIZES = ("one box", "district", "city")
ROW = re.compile(r"^\| `(?P<name>\w+)` \| (?:`(?P<formula>[^`]+)` \| )?(?P<cells>(?:[\d.,]+ \| ){3})", re.MULTILINE)
ROWS = [
    (match["name"], match["formula"], [float(each.replace(",", "")) for each in match["cells"].split("|")[:3]])
    for match in ROW.finditer(TEXT)
]
ALLOWED = (ast.Expression, ast.BinOp, ast.operator, ast.Constant, ast.Name, ast.Load, ast.Call)
MEASURED = {
    "receive_s": ("tus.md", "| 1 GiB × 16, 16 clients | 0.67 × | 0.55 (13.7 s,"),
    "seal_s_file": ("tus.md", "| 10,000 pictures sealed | 1,000 s (our own) | 912 s |"),
    "seal_s_gib": (
        "storage.md",
        "SM3 alone is 2.0 s a GiB of one core, SHA-256 of plaintext",
    ),
    "picture_s_min": ("media.md", "1.71 s against 1.49 s"),
    "scrub_s_gib": ("scrub.md", "one object of 1 GiB 1.17 s"),
}


def worked_out(size: int) -> dict[str, tuple[float, float]]:
    """Of each result what it is, by the formulas and the inputs alone, and what the page says."""
    known = {name: cells[size] for name, formula, cells in ROWS if formula is None}
    found = {}
    for name, formula, cells in ROWS:
        if formula is not None:
            tree = ast.parse(formula, mode="eval")
            assert all(isinstance(node, ALLOWED) for node in ast.walk(tree)), formula
            known[name] = eval(compile(tree, name, "eval"), {"__builtins__": {}, "ceil": ceil}, known)
            found[name] = (known[name], cells[size])
    return found


@pytest.mark.parametrize("size", range(3), ids=SIZES)
def test_each_figure_follows_from_those_above_it(size: int) -> None:
    figures = worked_out(size)
    assert len(figures) >= 25
    for name, (is_so, said) in figures.items():
        assert said == pytest.approx(is_so, rel=0.006), name


def test_each_row_of_the_tables_is_read() -> None:
    assert len(ROWS) == len(re.findall(r"^\| `\w+` \|", TEXT, re.MULTILINE))
    assert len({name for name, *_ in ROWS}) == len(ROWS)


def test_shares_of_what_is_kept_are_all_of_it() -> None:
    values = {name: cells[0] for name, formula, cells in ROWS if formula is None}
    assert values["share_180"] + values["share_1095"] + values["share_3650"] == pytest.approx(1)


@pytest.mark.parametrize("name", MEASURED)
def test_what_was_measured_stands_where_it_is_said_to(name: str) -> None:
    page, words = MEASURED[name]
    assert words in (DOCS / page).read_text("utf-8")


def test_defaults_are_the_programs_own() -> None:
    values = {name: cells[0] for name, formula, cells in ROWS if formula is None}
    assert values["parallel"] == USUAL_PARALLEL
    assert values["scrub_days"] == Settings.model_fields["scrub_days"].default
    rates = {
        is_of_node: sum(
            1 / seconds
            for queue in QUEUES.values()
            if queue.is_of_node is is_of_node and not queue.needs
            for seconds in queue.every.values()
        )
        for is_of_node in (True, False)
    }
    assert (values["beat_node"], values["beat_rest"]) == (round(rates[True], 2), round(rates[False], 2))


def said(figure: float) -> str:
    """As the page writes it."""
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:g}"


@pytest.mark.parametrize(
    ("size", "begins", "names"),
    [
        (0, "- **一台机器**", "ingress_gbit seal_cores media_cores db_tb_year stored_tb raw_tb"),
        (1, "- **一个区**", "nodes staging_tb media_cores recordings_year scrub_gib_s scrubbers"),
        (2, "- **一座大城市，一个档案系统**", "ingress_gbit nodes seal_cores media_cores s3_read_gib_s scrub_gib_s "
         "recordings_year db_tb_year entries_s messages_s backup_hours"),
    ],
    ids=SIZES,
)  # fmt: skip
def test_figures_in_the_text_are_those_of_the_table(size: int, begins: str, names: str) -> None:
    (line,) = (each for each in TEXT.splitlines() if each.startswith(begins))
    results = {name: cells[size] for name, formula, cells in ROWS if formula is not None}
    for name in names.split():
        assert re.search(rf"(?<![\d.,]){re.escape(said(results[name]))}(?![\d,.]\d)", line), name
