"""What `liuhen admin disclosure` says of a version of the catalogue of what is public beforehand."""

from __future__ import annotations

from api.cli.admin_people import Facts
from api.cli.admin_rules import RuleAdmin
from casework.publication.disclosures import list_disclosures, load_disclosure
from storage.catalog.publication import DisclosureRule


def _says(row: DisclosureRule) -> Facts:
    return {"sections": row.rules["sections"]}


ADMIN = RuleAdmin("disclosure", list_disclosures, load_disclosure, _says)
