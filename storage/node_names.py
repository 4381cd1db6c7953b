"""What an ingest node may be called. The one box that has all of an archive has no name: ''."""

from __future__ import annotations

import re
from typing import Final

NODE_NAME: Final = "[a-z0-9][a-z0-9-]{0,30}"
"""A label of a host's name, and never what an upload's id (32 digits) looks like: both stand in addresses."""
_NODE_NAME: Final = re.compile(NODE_NAME)


def is_node_name(text: str) -> bool:
    return _NODE_NAME.fullmatch(text) is not None
