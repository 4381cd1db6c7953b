"""What is sent as a recorder would have made it: a picture of about 100 kB, and a film."""

from __future__ import annotations

import io
import secrets
from pathlib import Path

from PIL import Image

from api.bench.media import Bare, make_clip
from api.bench.upload_clients import NUMBER_AT, NUMBER_BYTES
from ingest.media.runner import MediaRunner

PICTURE_BYTES = 100_000
_FILM_BYTES_PER_SECOND = 1_000_000
"""A little more than it takes (media.CODED)."""
_LEAST_FILLER_BYTES = 64


def make_picture(path: Path) -> Path:
    """A JPEG that decodes, of PICTURE_BYTES, with a comment at its begin for the number that makes each its own."""
    image = io.BytesIO()
    noise = Image.frombytes("RGB", (240, 180), secrets.token_bytes(240 * 180 * 3))
    noise.resize((440, 330)).save(image, "JPEG", quality=85, comment=b"-" * (NUMBER_AT + NUMBER_BYTES))
    content = image.getvalue()
    if len(content) > PICTURE_BYTES:
        raise ValueError(f"the picture has {len(content)} bytes")
    # What follows the end of a picture is ignored by whoever shows it; recorders pad as well.
    path.write_bytes(content + b"\0" * (PICTURE_BYTES - len(content)))
    return path


def make_film(workplace: Path, size_bytes: int, runner: MediaRunner) -> Path:
    """1080p with sound, as long as it fits, and filled up by a box that holds anything: its last bytes may be changed.

    Raises BenchError. The shortest film, of a second, may be larger.
    """
    clip = make_clip(workplace, max(1, size_bytes // _FILM_BYTES_PER_SECOND), Bare.of(runner))
    filler = max(_LEAST_FILLER_BYTES, size_bytes - clip.stat().st_size)
    with clip.open("ab") as file:
        file.write(filler.to_bytes(4, "big") + b"free" + secrets.token_bytes(filler - 8))
    return clip
