"""From a template and what it says to a PDF/A: the same input gives the same bytes, wherever and whenever.

What people write reaches typst as one JSON input and never as source: nothing in it is read as a formula, a function or
a file. There is neither network nor system font, and of files a layout sees `form.typ` beside this module alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from casework.documents.errors import RenderingFailed
from casework.documents.facts import FACTS
from casework.documents.fonts import font_folder, font_version
from casework.documents.template_file import Template

LAYOUT: Final = Path(__file__).parent / "layout"
STANDARD: Final = "a-2b"
_EPOCH: Final = date(2000, 1, 1)
_PRELUDE: Final = """#import "form.typ": *
#let data = json(bytes(sys.inputs.data))
#let fields = data.fields
#let facts = data.facts
#show: form.with(data)
"""


@dataclass(frozen=True)
class Page:
    """What is rendered. `version` names the template; `dated_on` None: a draft. `data` holds text and lists of text."""

    template: Template
    version: str
    dated_on: date | None
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Rendered:
    """`rendered_with`: what the bytes depend on besides the template and the data."""

    pdf: bytes
    rendered_with: Mapping[str, str]


def render_page(page: Page) -> Rendered:
    """Raises RenderingFailed, which is the template's fault, never that of what was filled in."""
    day = page.dated_on or _EPOCH
    data = {**page.data, "version": page.version, "day": [day.year, day.month, day.day]}
    return Rendered(render_layout(_PRELUDE + page.template.layout, data, page.version), _rendered_with())


def render_layout(layout: str, data: Mapping[str, Any], name: str) -> bytes:
    """PDF/A of our own layout, whose input is in `sys.inputs.data`. Raises RenderingFailed, with `name`."""
    return _compile(layout, json.dumps(data, ensure_ascii=False, sort_keys=True), name)


def try_layout(template: Template, name: str) -> None:
    """Render it with nothing filled in, and with something in every field. Raises RenderingFailed."""
    for word in ("", "样"):
        data: dict[str, Any] = {
            "title": template.title,
            "issuer": "制发机关",
            "number": word,
            "dated": word,
            "draft": True,
            "fields": {field.name: _sample(field, word) for field in template.fields},
            "facts": {fact.name: _sample_fact(FACTS[fact.name].type, word) for fact in template.facts},
            "signatures": [],
        }
        render_page(Page(template, name, None, data))


def _compile(layout: str, data: str, name: str) -> bytes:
    import typst  # Only who renders needs it: other processes begin without.

    compile_sources: Any = typst.compile  # Its stubs do not know that it takes several sources at once.
    sources = {"main": layout.encode(), "form.typ": _form()}
    try:
        compiled = compile_sources(
            sources,
            font_paths=_fonts(),
            ignore_system_fonts=True,
            format="pdf",
            sys_inputs={"data": data},
            pdf_standards=[STANDARD],
        )
    except (typst.TypstError, RuntimeError) as error:
        raise RenderingFailed(name, str(error).splitlines()[0]) from error
    assert isinstance(compiled, bytes)
    return compiled


@cache
def _fonts() -> Any:
    """Found once for the whole process: looking through the collection takes longer than a page."""
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(font_folder())])


@cache
def _form() -> bytes:
    return (LAYOUT / "form.typ").read_bytes()


@cache
def _rendered_with() -> Mapping[str, str]:
    form = hashlib.sha256(_form()).hexdigest()
    return {"typst": version("typst"), "font": font_version(), "form_sha256": form, "standard": f"pdf-{STANDARD}"}


def _sample(field: Any, word: str) -> Any:
    if field.type == "rows":
        return [{column.name: word for column in field.columns}] if word else []
    return ([{"title": word, "number": word}] if word else []) if field.type == "documents" else word


def _sample_fact(kind: str, word: str) -> Any:
    if kind == "officers":
        return [{"name": word, "certificate": word}] if word else []
    if kind == "act":
        return dict.fromkeys(("kind", "place", "starts_at", "ends_at"), word) if word else None
    return word
