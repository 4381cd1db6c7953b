"""A whole archive, for what only a worker's whole way shows."""

from __future__ import annotations

from tests.api.conftest import bare, begun_with, commands, sealing, template

__all__ = ["bare", "begun_with", "commands", "sealing", "template"]
