"""docs/architecture.md names what is there, where it is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from api.tasks.app import QUEUES
from tests.torture.points import CUSTODY_STEPS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "architecture.md"
LINE = re.compile(r"^ {4,6}(?P<path>[a-z_]+(?:/[a-z_]+)+\.py) +(?P<names>[^ ].*?)(?: {2,}.*)?$")
KNOWN_AS = re.compile(r"((?:`\w+`, )*`\w+`) in `([a-z_/]+\.py)`")
STEP = re.compile(r"^ {30,}(?P<name>[a-z_]+)(?: {2,}.*)?$")


def named_functions() -> list[tuple[str, str]]:
    """(file, name) of each function the page puts beside a file; indented names belong to the file above them."""
    found, last = [], ""
    for line in PAGE.read_text("utf-8").splitlines():
        if match := LINE.match(line):
            last = match["path"]
            found += [(last, name) for name in re.findall(r"[A-Za-z_]{3,}", match["names"].split("   ")[0])]
        elif match := STEP.match(line):
            found.append((last, match["name"]))
    return [(path, name) for path, name in found if not name.startswith("_")]


def test_the_page_names_enough_to_be_worth_reading() -> None:
    assert len(named_functions()) > 60


def test_every_step_of_sealing_stands_beside_its_file_and_those_of_custody_itself_in_their_order() -> None:
    """That these are all that it calls, in its order: tests/torture/test_plan.py."""
    steps = [(f"{module.replace('.', '/')}.py", name) for module, _, name in (s.partition(":") for s in CUSTODY_STEPS)]
    named = named_functions()
    assert [step for step in steps if step not in named and step[1] != "Staging.remove"] == []
    made_of_steps = ("seal_upload", "seal_staged", "claims_of")
    own = [name for path, name in named if path == "ingest/custody.py" and name not in made_of_steps]
    assert own == [name for path, name in steps if path == "ingest/custody.py"]


def test_the_parts_of_a_verification_are_all_that_it_asks_in_its_order() -> None:
    tree = ast.parse((ROOT / "api/verification/__init__.py").read_text("utf-8"))
    (body,) = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "verify_archive")
    calls = (node for node in ast.walk(body) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name))
    parts = re.compile("announced_|check_|audit_")
    asked = [name for _, name in sorted((node.lineno, node.func.id) for node in calls) if parts.match(name)]
    named = [name for path, name in named_functions() if path.startswith("api/verification/")]
    first = named.index(asked[0])
    assert named[first : first + len(asked)] == asked


def known_words() -> list[tuple[str, str]]:
    """(file, name) of each thing that the page says stands in a file: what a word is, where a kind is written into."""
    found = KNOWN_AS.findall(PAGE.read_text("utf-8"))
    return [(path, name) for names, path in found for name in re.findall(r"\w+", names)]


def section(title: str) -> str:
    return PAGE.read_text("utf-8").partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_each_queue_that_has_workers_stands_among_the_processes() -> None:
    assert [queue for queue in QUEUES if queue not in section("Processes of `liuhen up`")] == []


def test_what_a_request_passes_before_the_application_is_named() -> None:
    tree = ast.parse((ROOT / "api/engines/http_server.py").read_text("utf-8"))
    froms = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    passed = {module.replace(".", "/") for module in froms if re.fullmatch(r"api\.engines\.\w+", module)}
    said = section("How a request is answered").partition("    api/http/app.py")[0]
    assert [path for path in sorted(passed | {"api/engines/http_server"}) if f"{path}.py" not in said] == []
    assert "api/engines/priority.py" in said


def test_a_new_kind_of_rules_is_written_into_what_brings_it_into_force() -> None:
    (said,) = [part for part in section("What a new kind is written into").split("\n\n") if "kind of rules" in part]
    assert "`RULES_IN_FORCE`" in said


@pytest.mark.parametrize(("path", "name"), named_functions(), ids=lambda value: value)
def test_each_name_is_defined_in_its_file(path: str, name: str) -> None:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, kinds)}


@pytest.mark.parametrize(("path", "name"), known_words(), ids=lambda value: value)
def test_each_word_stands_in_its_file(path: str, name: str) -> None:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    constants = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    assert name in constants | {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
