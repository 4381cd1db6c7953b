"""The small file that is sent: a picture of about 100 kB as recorders take them."""

from __future__ import annotations

import io
import secrets
from pathlib import Path

from PIL import Image

from api.bench.upload_clients import NUMBER_AT, NUMBER_BYTES

PICTURE_BYTES = 100_000


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
