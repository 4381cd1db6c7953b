"""What the register of devices and certificates refuses. The trunk is CaseworkError; nothing was changed.

CaseworkError
└── RegisterError
    ├── DeviceUnknown           no device of that code where the person may look
    ├── DeviceAmbiguous         several units have a device of that code
    ├── DeviceRetired           out of use since then
    ├── DeviceIsOut             with somebody now; it has to come back first
    ├── DeviceWasOut            with somebody else at that time
    ├── AlreadyReturned         the issue has ended before
    ├── AlreadyVoided           the issue or certificate counts for nothing already
    ├── OfficerUnknown          nobody active of that badge number, sign-in name or name
    ├── OfficerAmbiguous        several people have that badge number or name
    ├── OfficerElsewhere        not of the device's unit, nor of one below it
    ├── TimeUnusable            no use: in the future, without a zone, before the issue, of a far year
    ├── DaysUnusable            a certificate that ends before it begins
    ├── DayOutOfRange           a day of a certificate outside the years 1990 to 2200
    ├── CertificateTaken        that number is somebody's on some of these days
    ├── UnitUnknown             no unit of that code where the person may look
    └── TableRefused            what a file of rows says (table.py, imports.py)
        ├── TableUnreadable     no table, or too much of one
        ├── ColumnMissing       a column that every row needs
        ├── RowRepeated         a device that a row before has described
        ├── CellMissing         nothing where something is needed
        └── CellUnusable        a text that is no day, no time or no number of the kind
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from casework.errors import CaseworkError
from integrity.local_time import CHINA


@dataclass(eq=False)
class RegisterError(CaseworkError):
    """Anything the register refuses."""


@dataclass(eq=False)
class DeviceUnknown(RegisterError):
    code: str

    def __str__(self) -> str:
        return f"there is no device {self.code} here: check the code, or add it first"


@dataclass(eq=False)
class DeviceAmbiguous(RegisterError):
    code: str

    def __str__(self) -> str:
        return f"several units have a device {self.code}: say of which unit"


@dataclass(eq=False)
class DeviceRetired(RegisterError):
    code: str
    retired_at: datetime

    def __str__(self) -> str:
        return f"device {self.code} is out of use since {_local(self.retired_at)}: choose another"


@dataclass(eq=False)
class DeviceIsOut(RegisterError):
    """`holder` is a name with its number."""

    code: str
    holder: str
    issued_from: datetime

    def __str__(self) -> str:
        return f"device {self.code} is with {self.holder} since {_local(self.issued_from)}: have it returned first"


@dataclass(eq=False)
class DeviceWasOut(RegisterError):
    code: str
    holder: str
    issued_from: datetime
    returned_at: datetime

    def __str__(self) -> str:
        span = f"{_local(self.issued_from)} to {_local(self.returned_at)}"
        return f"device {self.code} was with {self.holder} from {span}: choose another time, or void that issue"


@dataclass(eq=False)
class AlreadyReturned(RegisterError):
    code: str
    returned_at: datetime

    def __str__(self) -> str:
        return f"device {self.code} came back at {_local(self.returned_at)}; nothing more to do"


@dataclass(eq=False)
class AlreadyVoided(RegisterError):
    voided_at: datetime

    def __str__(self) -> str:
        return f"it counts for nothing since {_local(self.voided_at)}; nothing more to do"


@dataclass(eq=False)
class OfficerUnknown(RegisterError):
    text: str

    def __str__(self) -> str:
        return f"nobody active here has the badge number, sign-in name or name {self.text}: check it, leading zeros too"


@dataclass(eq=False)
class OfficerAmbiguous(RegisterError):
    """`candidates` are their names with what tells them apart."""

    text: str
    candidates: tuple[str, ...]

    def __str__(self) -> str:
        return f"several people are called {self.text}: give what stands in brackets of {', '.join(self.candidates)}"


@dataclass(eq=False)
class OfficerElsewhere(RegisterError):
    code: str
    name: str

    def __str__(self) -> str:
        return f"{self.name} is not of the unit that has device {self.code}, nor of one below it: add it there first"


@dataclass(eq=False)
class TimeUnusable(RegisterError):
    """`problem` is a key of TIME_PROBLEMS."""

    at: datetime
    problem: str

    def __str__(self) -> str:
        return f"{_local(self.at)} {TIME_PROBLEMS[self.problem]}"


TIME_PROBLEMS = {
    "in_the_future": "lies in the future: enter what happened",
    "without_zone": "says no time zone: add one, such as +08:00",
    "before_the_issue": "is not after the issue: check both times",
    "no_such_year": "lies outside the years 1990 to 2200: check the year",
}


@dataclass(eq=False)
class DaysUnusable(RegisterError):
    valid_from: date
    last_day: date

    def __str__(self) -> str:
        return f"a certificate cannot be valid from {self.valid_from} to {self.last_day}: check both days"


@dataclass(eq=False)
class DayOutOfRange(RegisterError):
    day: date

    def __str__(self) -> str:
        return f"{self.day} lies outside the years 1990 to 2200: check the year; leave the last day empty for no end"


@dataclass(eq=False)
class CertificateTaken(RegisterError):
    """`last_day` None: without an end."""

    number: str
    holder: str
    valid_from: date
    last_day: date | None

    def __str__(self) -> str:
        until = "" if self.last_day is None else f" to {self.last_day}"
        return f"certificate {self.number} is {self.holder}'s from {self.valid_from}{until}: check the number and days"


@dataclass(eq=False)
class UnitUnknown(RegisterError):
    code: str

    def __str__(self) -> str:
        return f"there is no unit with the code {self.code} here: check it"


@dataclass(eq=False)
class TableRefused(RegisterError):
    """Something about a file of rows."""


@dataclass(eq=False)
class TableUnreadable(TableRefused):
    """`problem` is a key of TABLE_PROBLEMS."""

    problem: str

    def __str__(self) -> str:
        return f"the file {TABLE_PROBLEMS[self.problem]}"


TABLE_PROBLEMS = {
    "not_text": "is neither UTF-8 nor GBK: save it as CSV again",
    "no_rows": "has no rows below its headings",
    "too_many_rows": "has more than 5,000 rows: split it",
    "quotes": "has a quotation mark that does not end: save it as CSV again",
    "workbook": "is a workbook, not a table of text: save it as CSV",
}


@dataclass(eq=False)
class ColumnMissing(TableRefused):
    """`columns` are the headings by which it is known, the Chinese one first."""

    columns: tuple[str, ...]

    def __str__(self) -> str:
        return f"no column is called {' or '.join(self.columns)}: the first line has to name the columns"


@dataclass(eq=False)
class RowRepeated(TableRefused):
    """Which of the two is meant, only who wrote them knows."""

    code: str
    first_line: int
    line: int

    def __str__(self) -> str:
        return f"device {self.code} stands in line {self.first_line} and again in line {self.line}: keep one of them"


@dataclass(eq=False)
class CellMissing(TableRefused):
    columns: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.columns[-1]} is empty: fill it in"


@dataclass(eq=False)
class CellUnusable(TableRefused):
    """`problem` is a key of CELL_PROBLEMS."""

    columns: tuple[str, ...]
    text: str
    problem: str

    def __str__(self) -> str:
        return f"{self.columns[-1]} “{self.text}” {CELL_PROBLEMS[self.problem]}"


CELL_PROBLEMS = {
    "no_day": "is no day such as 2026-03-04",
    "no_time": "is no time such as 2026-03-04 09:00",
    "no_such_year": "lies outside the years 1990 to 2200: check the year",
    "needs_time": "is today: say the time too, such as 2026-03-04 18:00",
    "too_long": "… has more than 200 characters: shorten it",
    "rounded": "was rounded by the spreadsheet: make the column text there and type the number again",
}


def _local(moment: datetime) -> str:
    try:
        local = moment if moment.tzinfo is None else moment.astimezone(CHINA)
    except OverflowError:  # the first and the last day of the calendar: as they were given
        local = moment
    return local.isoformat(timespec="minutes")
