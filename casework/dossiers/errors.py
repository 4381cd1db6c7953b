"""What a dossier for a public question refuses. The trunk is CaseworkError; nothing was changed.

CaseworkError
└── DossierError
    ├── ContactUnfit      whoever answers outside is not active in the case's unit; an InputRefused too
    ├── OwnDossier        nobody checks what he made himself; a StateRefused too
    ├── DossierChecked    somebody has checked it before; a StateRefused too
    ├── DossierUnchecked  nobody has, and it leaves the house after that alone; a StateRefused too
    └── DossierOutdated   what may be said has changed since it was made; a StateRefused too
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from casework.errors import CaseworkError, InputRefused, StateRefused


class DossierError(CaseworkError):
    """Anything that dossiers refuse."""


@dataclass(eq=False)
class ContactUnfit(DossierError, InputRefused):
    """Whoever answers for the case outside is active, and of the unit that handles it."""

    def __str__(self) -> str:
        return "the contact has to be somebody active in the case's own unit: choose one of its people"


@dataclass(eq=False)
class OwnDossier(DossierError, StateRefused):
    dossier_id: uuid.UUID

    def __str__(self) -> str:
        return "nobody checks what he made himself: somebody else who reviews publications has to look at it"


@dataclass(eq=False)
class DossierChecked(DossierError, StateRefused):
    checked_at: datetime

    def __str__(self) -> str:
        return f"it was checked before, at {self.checked_at.isoformat()}: there is nothing to do"


@dataclass(eq=False)
class DossierUnchecked(DossierError, StateRefused):
    dossier_id: uuid.UUID

    def __str__(self) -> str:
        return "nobody but its maker has looked at it: have it checked by somebody who reviews publications"


@dataclass(eq=False)
class DossierOutdated(DossierError, StateRefused):
    dossier_id: uuid.UUID

    def __str__(self) -> str:
        return "what may be said of the case has changed since: make another dossier"
