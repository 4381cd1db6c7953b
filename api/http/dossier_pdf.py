"""A dossier for a public question as PDF/A: the same dossier gives the same bytes."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Final

from api.shown import show_minute
from api.words.dossiers import RuleNames, sections_of
from casework.documents.rendering import render_layout
from casework.dossiers.making import facts_of
from integrity.local_time import chinese_day
from storage.catalog.dossiers import Dossier

_LAYOUT: Final = """
#let data = json(bytes(sys.inputs.data))
#let (year, month, day) = data.day
#let thin = 0.5pt + luma(160)
#set document(title: data.title, date: datetime(year: year, month: month, day: day))
#set page(paper: "a4", margin: 20mm,
  footer: context {
    set text(size: 8pt, fill: luma(90))
    align(center)[#data.mark　第 #counter(page).display() 页　共 #counter(page).final().first() 页]
  })
#set text(font: "Noto Sans CJK SC", size: 9.5pt, lang: "zh", region: "cn")
#let broken(cell) = if cell.len() == 64 and not cell.contains(" ") {
  text(size: 7pt, cell.slice(0, 32) + " " + cell.slice(32))
} else { cell }
#align(center, text(size: 16pt, weight: "bold", data.title))
#align(center, text(size: 10pt, data.number))
#for section in data.sections {
  v(0.8em)
  text(size: 11.5pt, weight: "bold", section.title)
  if section.note != "" { parbreak(); section.note }
  if section.rows.len() > 0 {
    let columns = section.rows.at(0).len()
    table(
      columns: (auto,) * (columns - 1) + (1fr,), inset: 5pt, stroke: thin, align: left,
      ..if section.header.len() > 0 { (table.header(..section.header.map(each => strong(each))),) } else { () },
      ..section.rows.flatten().map(broken),
    )
  }
}
#v(1em)
#for each in data.source { text(size: 8pt, fill: luma(60), each.at(0) + "：" + each.at(1)); linebreak() }
"""


def dossier_pdf(row: Dossier, people: Mapping[uuid.UUID, str], rule_names: RuleNames) -> bytes:
    """`row` was checked; `people`: names of its maker and its checker. Raises RenderingFailed."""
    assert row.checked_by is not None, "what nobody has checked is not handed on"
    facts, day = facts_of(row), chinese_day(row.made_at)
    case = facts.get("case")
    data = {
        "title": "舆情应对材料",
        "number": f"第 {row.ordinal} 份" if case is None else f"{case['number']} · 第 {row.ordinal} 份",
        "mark": "已知的人名、号码按公示规则隐去",
        "day": [day.year, day.month, day.day],
        "sections": [
            {
                "title": each.title,
                "note": each.note,
                "header": list(each.header),
                "rows": [list(cells) for cells in each.rows],
            }
            for each in sections_of(facts, "zh", rule_names)
        ],
        "source": [
            ["整理人", f"{people.get(row.made_by, '')} {show_minute(row.made_at)}"],
            ["复核人", f"{people.get(row.checked_by, '')} {show_minute(row.checked_at)}"],
            ["材料编号", str(row.id)],
            ["材料内容的 SHA-256（载于账本）", row.sha256.hex()],
        ],
    }
    return render_layout(_LAYOUT, data, "dossier")
