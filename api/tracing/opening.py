"""Whether spans are sent, and by what. Imports nothing of OpenTelemetry unless they are."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from api.errors import UsageRefused

if TYPE_CHECKING:
    from api.settings import Settings
    from api.tracing.spans import Spans

_NEEDED = ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http.trace_exporter")


def require_installed(what: str) -> None:
    """Raises UsageRefused where the extra `otel` is not installed; `what` asks for it."""
    if not all(_is_installed(name) for name in _NEEDED):
        raise UsageRefused(
            f"设置了 {what}，但没有安装 OpenTelemetry：请安装 liuhen[otel]（见 docs/monitoring.md），或去掉该设置",
            f"{what} is set, and OpenTelemetry is not installed: install liuhen[otel] or unset it (docs/monitoring.md)",
        )


def require_spans(settings: Settings) -> None:
    """Raises UsageRefused where spans are asked for and cannot be sent. An address that nobody answers at is no
    reason: a collector may come later."""
    if settings.otel_url is not None:
        require_installed("LIUHEN_OTEL_URL")


def open_spans(settings: Settings, service: str) -> Spans | None:
    """For the process that is `service`, once it has been forked; None where nobody collects. Raises UsageRefused."""
    if settings.otel_url is None:
        return None
    require_spans(settings)
    from api.tracing.spans import Spans

    return Spans.to_collector(settings.otel_url, settings.otel_ca_file, service, settings.node)


def open_station_spans(url: str, ca_file: Path | None) -> Spans | None:
    """For a docking agent, likewise."""
    if not url:
        return None
    require_installed("otel_url")
    from api.tracing.spans import Spans

    return Spans.to_collector(url, ca_file, "liuhen-dock")


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # a package above it
        return False
