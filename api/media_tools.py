"""The sandboxed media tools as the settings choose them."""

from __future__ import annotations

from functools import lru_cache

from api.settings import Settings
from ingest.media.runner import MediaRunner, open_runner


def media_runner(settings: Settings) -> MediaRunner:
    """Chosen once a process, by really running something. Raises SandboxUnavailable or ToolMissing."""
    return _runner(settings.tool_search_path)


@lru_cache(maxsize=1)
def _runner(search_path: str) -> MediaRunner:
    return open_runner(search_path)
