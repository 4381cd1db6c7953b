"""Step 15: what was said when a file came again is in the package, as its ledger entry committed to it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from integrity.canonical import canonical_json
from integrity.ledger_entry import commit_value, new_salt
from integrity.package import layout
from integrity.package.documents import RepeatNote
from integrity.package.failure import PackageInvalid
from integrity.package.report import describe_verdict, verdict_form
from integrity.package.verify import verify_package
from integrity.package.write import write_package

FIRST, SECOND, OLD = (UUID(int=number, version=4) for number in (21, 22, 23))
AGAIN = "recording.received_again"
OFFICER = {"kind": "officer", "value": "000456", "source": "station", "confidence": "stated", "notes": []}


def note_of(upload_id: UUID, name: str) -> RepeatNote:
    return RepeatNote(
        upload_id=str(upload_id), original_name=name, name_salt=new_salt(), claims=[OFFICER], claims_salt=new_salt()
    )


def data_of(archive: Any, note: RepeatNote, differs: list[str]) -> dict[str, object]:
    commitments = {
        "name": commit_value(note.name_salt, note.original_name),
        "claims": commit_value(note.claims_salt, canonical_json(note.claims).decode()),
    }
    recording = str(archive.footage[0].recording_id)
    return {"recording": recording, "station": "s", "differs": differs, "commitments": commitments}


@pytest.fixture
def twice(make_archive: Callable[..., Any]) -> Any:
    """The small archive after the first of its files came twice more, and once before any words were kept."""
    archive = make_archive()
    archive.repeats = [note_of(FIRST, "别的名字.MP4"), note_of(SECOND, "\u202egpj.MP4")]
    archive.entries.append(archive.note(AGAIN, OLD, {"recording": str(archive.footage[0].recording_id)}))
    for upload, note, differs in zip((FIRST, SECOND), archive.repeats, (["name", "officer"], []), strict=True):
        archive.entries.append(archive.note(AGAIN, upload, data_of(archive, note, differs)))
    return archive


@pytest.fixture
def package(twice: Any, tmp_path: Path) -> Path:
    write_package(tmp_path / "package", twice.contents(repeats=twice.repeats))
    return tmp_path / "package"


def test_each_is_verified_and_told_with_its_recording(twice: Any, package: Path) -> None:
    verdict = verify_package(package, twice.trust)
    old, first, second = verdict.recordings[0].received_again
    assert (old.upload_id, old.original_name, old.claims, old.differs) == (str(OLD), None, None, ())
    assert (first.original_name, first.claims, first.differs) == ("别的名字.MP4", [OFFICER], ("name", "officer"))
    assert second.differs == ()
    assert verdict.recordings[1].received_again == ()
    told = "\n".join(describe_verdict(verdict))
    assert "再次收到 / received again" in told
    assert "别的名字.MP4, 与先前不同 / differs: name, officer" in told
    assert "\u202e" not in told
    form: Any = verdict_form(verdict)
    assert [each["upload_id"] for each in form["recordings"][0]["received_again"]] == [
        str(OLD),
        str(FIRST),
        str(SECOND),
    ]


def altered(form: Any, **changes: object) -> Any:
    first, *others = form["received_again"]
    return form | {"received_again": [first | changes, *others]}


CHANGES: dict[str, Callable[[Any], Any]] = {
    "another name": lambda form: altered(form, original_name="x.MP4"),
    "another claim": lambda form: altered(form, claims=[OFFICER | {"value": "000123"}]),
    "another salt": lambda form: altered(form, name_salt="00" * 32),
    "one less": lambda form: form | {"received_again": form["received_again"][1:]},
    "one twice": lambda form: form | {"received_again": [*form["received_again"], form["received_again"][0]]},
    "one of no entry": lambda form: altered(form, upload_id=str(OLD)),
    "none": lambda form: form | {"received_again": []},
    "a short salt": lambda form: altered(form, claims_salt="00"),
    "claims that are none": lambda form: altered(form, claims={}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_not_even_the_package_key_alters_what_was_said(
    twice: Any, package: Path, forge: SimpleNamespace, failure_of: Any, change: str
) -> None:
    path = package / layout.REPEATS
    path.write_bytes(canonical_json(CHANGES[change](json.loads(path.read_bytes()))))
    forge.resign(package, twice.keys["package"])
    failure = failure_of(package, twice.trust)
    assert (failure.step, failure.path) == (15, layout.REPEATS)


def test_neither_the_words_without_their_entry_nor_the_entry_without_its_words(
    twice: Any, package: Path, forge: SimpleNamespace, failure_of: Any, tmp_path: Path
) -> None:
    content = (package / layout.REPEATS).read_bytes()
    (package / layout.REPEATS).unlink()
    forge.resign(package, twice.keys["package"])
    assert failure_of(package, twice.trust).step == 15
    (package / layout.REPEATS).write_bytes(content)
    last = len(twice.entries) - 1
    for path in (layout.entry_path(last), layout.proof_path(last)):
        (package / path).unlink()
    forge.resign(package, twice.keys["package"])
    assert (failure_of(package, twice.trust).step, failure_of(package, twice.trust).path) == (15, layout.REPEATS)


def test_no_package_is_written_whose_words_open_nothing(twice: Any, tmp_path: Path) -> None:
    first, second = twice.repeats
    with pytest.raises(PackageInvalid):
        write_package(tmp_path / "p", twice.contents(repeats=[replace(first, original_name="x"), second]))
    assert not (tmp_path / "p").exists()


def run_guide(folder: Path, shell: str = "sh") -> subprocess.CompletedProcess[str]:
    text = (folder / "VERIFY.md").read_text()
    (lines,) = [block for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) if "check_repeats" in block]
    return subprocess.run([shell, "-ec", lines], cwd=folder, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_the_lines_of_the_guide_open_them_without_our_program(twice: Any, package: Path, shell: str) -> None:
    done = run_guide(package, shell)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("change", ["another name", "another claim", "another salt", "one less", "one of no entry"])
def test_the_lines_of_the_guide_find_what_was_altered(twice: Any, package: Path, change: str) -> None:
    path = package / layout.REPEATS
    path.write_bytes(canonical_json(CHANGES[change](json.loads(path.read_bytes()))))
    assert run_guide(package).returncode != 0


def test_a_name_that_has_to_be_escaped_is_no_stumbling_block(make_archive: Callable[..., Any], tmp_path: Path) -> None:
    archive = make_archive()
    notes = [note_of(upload, name) for upload, name in ((FIRST, 'a"b\\c\n.MP4'), (SECOND, "%s 100%.MP4"))]
    notes[1] = replace(notes[1], claims=[OFFICER | {"value": '},{"claims":[ $(x) \\n'}, OFFICER])
    for upload, note in zip((FIRST, SECOND), notes, strict=True):
        archive.entries.append(archive.note(AGAIN, upload, data_of(archive, note, [])))
    write_package(tmp_path / "p", archive.contents(repeats=notes))
    done = run_guide(tmp_path / "p")
    assert done.returncode == 0, done.stderr
