"""Which words at the beginning of a file's name are no device, although they have a number in them: `CAM1`, `1080P`.

They say which of a recorder's files it is, through which lens or how it was written, and every recorder of the make
says the same. Taken for a device, one such word makes one recorder of all of a unit's. So where a name alone says what
its device is, by no maker's known form, it has to look like the number of one.
"""

from __future__ import annotations

import re
from typing import Final

CHANNELS: Final = "CHN?|CHANNEL|CAM|CAMERA|IPC|IPCAM|[NDXH]VR|MAIN|SUB|STREAM|LENS|PORT|SENSOR"
SIDES: Final = "FRONT|REAR|BACK|LEFT|RIGHT|INSIDE|OUTSIDE|CABIN|ROOM|DOOR|GATE|LANE|FLOOR|HALL|POSITION"
FORMS: Final = (
    "[HX]26[3-6]|HEVC|AVC|AV1|MPE?G|MP|MJPEG|PCM|AAC|G711|FHD|UHD|QHD|HD|FPS|[48]K|1080|720|480|2160|KBPS|MBPS"
)
COUNTED: Final = (
    "RECORD|RECORDING|REC|VIDEO|VID|AUDIO|AUD|IMAGE|IMG|PICTURE|PICT|PIC|PHOTO|SNAP|SNAPSHOT|MOVIE|MOVI|MOV|MVI|DSC[FN]?"
    "|DCIM|SAM|DJI|PXL|GOPR|GP|G[XHL]|MAH|FILE|CLIP|PART|SEGMENT|SEG|TRACK|TAKE|SCENE|NUMBER|NUM|NO|SEQ|INDEX|COPY|BACKUP"
    "|BAK|EXPORT|OUTPUT|RESULT|FINAL|VERSION|VER|TEST|TEMP|TMP|NEWFILE|NEW|UNTITLED|DATA|LOG|CASE|CARD|DISK|SD|TF|USB"
    "|UPLOAD|DOWNLOAD|SCREEN|SCREENSHOT|WECHAT|MMEXPORT"
)
OCCASIONS: Final = (
    "EVENT|EVNT|EVT|EV|EMERGENCY|EMER|EMR|IMPORTANT|IMP|LOCKED|LOCK|PROTECT|SOS|RO|PARKING|PARK|MANUAL|MAN|NORMAL|NOR"
    "|ALARM|MOTION|TIMER|SHIFT|PATROL"
)
_WORD: Final = f"(?:{CHANNELS}|{SIDES}|{FORMS}|{COUNTED}|{OCCASIONS})"
# Words of the table one after the other with numbers between, as in CH01FRONT, REC0001A and VIDEO1080P30.
_WORDS: Final = re.compile(rf"\d{{0,2}}(?:{_WORD}\d*)+[A-Z]?", re.ASCII)
# 1080P30, 720I, 30FPS, 4MBPS, 1920X1080
_PICTURE: Final = re.compile(r"\d+(?:[PIK]\d*|FPS|[KM]BPS|MB?|[KM]?HZ|X\d+)+", re.ASCII)
# Sony's C0001, and whatever else counts to ten thousand behind one letter; S01E02
_COUNT: Final = re.compile(r"[A-Z]\d{1,4}[A-Z]?|S\d+E\d+", re.ASCII)

# A product number of the standard: two letters of its maker, whatever they spell, and five digits.
_PRODUCT: Final = re.compile(r"[A-Z]{2}\d{5}", re.ASCII)


def is_no_device(word: str, day: str = "") -> bool:
    """Whether a word in capitals and digits says something other than which recorder it was.

    `day`: the one in the same name, as eight digits: a word that repeats it is a date.
    """
    if _PRODUCT.fullmatch(word):
        return False
    dated = bool(day) and (day in word or (day[2:] in word and len(word) <= 8))
    return dated or any(shape.fullmatch(word) for shape in (_WORDS, _PICTURE, _COUNT))


def is_bare_number(word: str) -> bool:
    """A date, an officer's number and a count of files all look like this; only the register can tell a device's."""
    return word.isdigit()
