"""What `liuhen admin publicity` says of a version of the rules of publishing."""

from __future__ import annotations

from api.cli.admin_people import Facts
from api.cli.admin_rules import RuleAdmin
from casework.publication.publicity import list_publicity, load_publicity
from storage.catalog.publication import PublicationRule


def _says(row: PublicationRule) -> Facts:
    return {name: row.rules[name] for name in ("channels", "grounds", "names", "masks")}


ADMIN = RuleAdmin("publicity", list_publicity, load_publicity, _says)
