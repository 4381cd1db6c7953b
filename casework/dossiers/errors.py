"""What a dossier for a public question refuses. The trunk is CaseworkError; nothing was changed."""

from __future__ import annotations

from dataclasses import dataclass

from casework.errors import InputRefused


@dataclass(eq=False)
class ContactUnfit(InputRefused):
    """Whoever answers for the case outside is active, and of the unit that handles it."""

    def __str__(self) -> str:
        return "the contact has to be somebody active in the case's own unit: choose one of its people"
