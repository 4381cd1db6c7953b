"""What `liuhen admin template` says of a version of a document's template."""

from __future__ import annotations

from api.cli.admin_people import Facts
from api.cli.admin_rules import RuleAdmin
from casework.documents.templates import list_templates, load_template
from storage.catalog.documents import DocumentTemplate


def _says(row: DocumentTemplate) -> Facts:
    names = ("kind", "word", "sealed", "stages", "law", "signatures", "facts", "fields")
    return {name: row.rules[name] for name in names}


ADMIN = RuleAdmin("template", list_templates, load_template, _says)
