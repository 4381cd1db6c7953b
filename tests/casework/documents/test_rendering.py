"""Documents as they are rendered: the same bytes again, text that stays text, all of it, in every template."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from casework.documents.facts import FACTS
from casework.documents.rendering import Page, render_page, try_layout
from casework.documents.template_file import Template, TemplateField, read_template
from casework.documents.templates import SHIPPED
from casework.documents.wording import say_day, say_facts, say_fields, say_moment, say_money
from storage.catalog.documents import DOCUMENT_KINDS

TEMPLATES = {file.stem: read_template(file.read_bytes()).template for file in sorted(SHIPPED.glob("*.yaml"))}
HOSTILE = '#panic("x") $x^2$ *粗* `raw` \\#{ [a] <label> @ref "quote" \\u{41} // no comment /* nor this */ = heading'


def filled(template: Template, text: str = "样例") -> Mapping[str, Any]:
    def value(field: TemplateField) -> Any:
        plain = {"day": "2026-03-09", "moment": "2026-03-09T09:05:00+08:00", "money": "1005.30", "number": 3}
        if field.type == "rows":
            return [{column.name: value(column) for column in field.columns}] * 3
        if field.type == "documents":
            return ["1"]
        return field.choices[0] if field.type == "choice" else plain.get(field.type, text)

    return {field.name: value(field) for field in template.fields}


def page(template: Template, fields: Mapping[str, Any], **more: Any) -> Page:
    facts = {
        fact.name: {
            "officers": [{"name": "李伟", "certificate": "50010001"}],
            "act": None,
            "day": "2026-03-09",
            "money": "60000",
        }.get(FACTS[fact.name].type, "样例")
        for fact in template.facts
    }
    data: dict[str, Any] = {
        "title": template.title,
        "issuer": "重庆市江北区城市管理局",
        "number": "江综执罚决字〔2026〕第1号" if template.word else "",
        "dated": "2026年3月9日",
        "draft": False,
        "fields": say_fields(
            template, fields, {"1": {"title": "行政处罚决定书", "number": "江综执罚决字〔2026〕第1号"}}
        ),
        "facts": say_facts(facts),
        "signatures": [],
    }
    return Page(template, "CN-CQ-sample 1", date(2026, 3, 9), {**data, **more})


def text_of(pdf: bytes, folder: Path) -> str:
    """As poppler reads it: without the blanks and line ends of the layout."""
    (folder / "page.pdf").write_bytes(pdf)
    said = subprocess.run(["pdftotext", "page.pdf", "-"], cwd=folder, capture_output=True, check=True)
    return "".join(said.stdout.decode().split())


def facts_of(pdf: bytes, folder: Path) -> dict[str, str]:
    (folder / "page.pdf").write_bytes(pdf)
    said = subprocess.run(["pdfinfo", "page.pdf"], cwd=folder, capture_output=True, check=True).stdout.decode()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in said.splitlines())}


def test_the_package_ships_a_template_of_every_kind() -> None:
    assert {template.kind for template in TEMPLATES.values()} == set(DOCUMENT_KINDS)
    assert len(DOCUMENT_KINDS) == 12
    for template in TEMPLATES.values():
        assert all(field.label_en for field in template.fields)


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_says_all_that_was_filled_in_and_stands_empty_fields(name: str, tmp_path: Path) -> None:
    template = TEMPLATES[name]
    marked = {field.name: f"项目{place:02}号" for place, field in enumerate(template.fields)}
    fields = {**filled(template), **{f.name: marked[f.name] for f in template.fields if f.type in ("line", "text")}}
    said = text_of(render_page(page(template, fields)).pdf, tmp_path)
    for field in template.fields:
        if field.type in ("line", "text"):
            assert marked[field.name] in said, field.name
    assert template.title in said
    assert "李伟" in said or "officers" not in {fact.name for fact in template.facts}
    try_layout(template, name)
    empty = text_of(render_page(page(template, {})).pdf, tmp_path)
    assert template.title in empty


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    template = TEMPLATES["penalty-decision"]
    once, again = (render_page(page(template, filled(template))) for _ in range(2))
    assert once.pdf == again.pdf
    other = render_page(page(template, {**filled(template), "court": "另一法院"}))
    assert other.pdf != once.pdf
    assert once.rendered_with["standard"] == "pdf-a-2b"


def test_it_is_pdf_a_with_its_fonts_embedded(tmp_path: Path) -> None:
    pdf = render_page(page(TEMPLATES["penalty-decision"], filled(TEMPLATES["penalty-decision"]))).pdf
    assert b"<pdfaid:part>2</pdfaid:part>" in pdf
    assert b"<pdfaid:conformance>B</pdfaid:conformance>" in pdf
    (tmp_path / "page.pdf").write_bytes(pdf)
    fonts = subprocess.run(["pdffonts", "page.pdf"], cwd=tmp_path, capture_output=True, check=True).stdout.decode()
    rows = fonts.splitlines()[2:]
    assert rows
    for row in rows:
        assert " yes yes " in row, row


def test_what_people_write_is_never_typst(tmp_path: Path) -> None:
    template = TEMPLATES["inquiry-record"]
    fields = {**filled(template, HOSTILE), "questions": [{"question": HOSTILE, "answer": HOSTILE}]}
    said = text_of(render_page(page(template, fields)).pdf, tmp_path)
    assert said.count("".join(HOSTILE.split())) >= 3


def test_rare_signs_and_the_signs_of_others_are_there(tmp_path: Path) -> None:
    template = TEMPLATES["inquiry-record"]
    said = text_of(render_page(page(template, {**filled(template), "person": "𠮷田㐂 O'Brien 曌"})).pdf, tmp_path)
    assert "𠮷田㐂O'Brien曌" in said


def test_ten_pages_are_ten_pages_and_nothing_of_them_is_lost(tmp_path: Path) -> None:
    template = TEMPLATES["inquiry-record"]
    asked = [{"question": f"第{number}问？", "answer": f"第{number}答。" + "我看见了。" * 40} for number in range(120)]
    pdf = render_page(page(template, {**filled(template), "questions": asked})).pdf
    assert int(facts_of(pdf, tmp_path)["Pages"]) >= 10
    said = text_of(pdf, tmp_path)
    assert all(f"第{number}问？" in said and f"第{number}答。" in said for number in range(120))
    long = {
        **filled(TEMPLATES["inspection-record"]),
        "findings": "\n".join(f"第{n}段。" + "人行道。" * 90 for n in range(60)),
    }
    pdf = render_page(page(TEMPLATES["inspection-record"], long)).pdf
    assert all(f"第{number}段。" in text_of(pdf, tmp_path) for number in range(60))
    items = [{"name": f"物品{number}", "quantity": "1"} for number in range(300)]
    seizure = TEMPLATES["seizure-decision"]
    said = text_of(render_page(page(seizure, {**filled(seizure), "items": items})).pdf, tmp_path)
    assert "物品299" in said
    assert said.count("序号") > 3


def test_a_draft_says_so_and_bears_no_number(tmp_path: Path) -> None:
    template = TEMPLATES["penalty-decision"]
    draft = Page(
        template, "x 1", None, {**page(template, filled(template)).data, "draft": True, "number": "", "dated": ""}
    )
    said = text_of(render_page(draft).pdf, tmp_path)
    assert "草稿" in said
    assert "〔2026〕" not in said


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("0.00", "零元整"),
        ("0.05", "伍分"),
        ("0.50", "伍角"),
        ("10.00", "壹拾元整"),
        ("100.05", "壹佰元零伍分"),
        ("1005.30", "壹仟零伍元叁角"),
        ("20000.00", "贰万元整"),
        ("100005.00", "壹拾万零伍元整"),
        ("100100.00", "壹拾万零壹佰元整"),
        ("10005000.00", "壹仟万伍仟元整"),
        ("100000000.00", "壹亿元整"),
        ("100010000.00", "壹亿零壹万元整"),
        ("1234567890.12", "壹拾贰亿叁仟肆佰伍拾陆万柒仟捌佰玖拾元壹角贰分"),
    ],
)
def test_amounts_are_spelled_as_nobody_can_add_to(amount: str, said: str) -> None:
    assert say_money(amount).endswith(f"元（人民币{said}）")


def test_days_and_times_are_chinese() -> None:
    assert say_day("2026-03-09") == "2026年3月9日"
    assert say_moment("2026-03-09T01:05:00+00:00") == "2026年3月9日9时05分"
