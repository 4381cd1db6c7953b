"""What `liuhen admin score-sheet` says of a version of the sheet that case files are scored by."""

from __future__ import annotations

from api.cli.admin_people import Facts
from api.cli.admin_rules import RuleAdmin
from casework.filereview.sheets import list_score_sheets, load_score_sheet
from storage.catalog.file_review import ScoreSheetRule


def _says(row: ScoreSheetRule) -> Facts:
    return {"items": row.rules["items"]}


ADMIN = RuleAdmin("score_sheet", list_score_sheets, load_score_sheet, _says)
