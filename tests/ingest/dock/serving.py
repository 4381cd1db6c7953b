"""The real tus application under uvicorn, with a receipt for whatever is finished: `serving.py FOLDER PORT TOKEN KEY`.

A process of its own, so that a test can kill it. Custody is not played here: a finished upload has its receipt at once.
"""

from __future__ import annotations

import importlib.util
import json
import socket
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import uvicorn

from ingest.uploads.application import mount_uploads, tus_application
from ingest.uploads.staging import Staging
from integrity.keys import SigningKey, load_signing_key
from integrity.receipt import sign_receipt

STATION = UUID(int=7)
HERE = Path(__file__).parent


def load_beside(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def receipts(register: Any, staging: Staging, key: SigningKey) -> Any:
    """GET …/receipt and …/keys/receipt."""
    small = load_beside("small_archive", HERE / "conftest.py")

    def answer(path: str) -> tuple[int, bytes]:
        if path == "/api/v1/keys/receipt":
            return 200, key.public.pem
        if path == "/api/v1/station-reports":
            return 404, b""
        upload_id = path.split("/")[4]
        record = register.find_upload(upload_id)
        if record is None:
            return 404, b""
        if record.state != "finished":
            return 202, b""
        content = staging.bytes_path(upload_id).read_bytes()
        return 200, sign_receipt(
            small.write_receipt(upload_id, STATION, record.claims.filename, content, key), key
        ).to_bytes()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        status, body = answer(scope["path"])
        headers = [(b"content-length", str(len(body)).encode()), (b"retry-after", b"0")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return application


def main() -> None:
    folder, port, token, key_file = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], Path(sys.argv[4])
    real = load_beside("uploads_serving", HERE.parent / "uploads" / "serving.py")
    path = folder / "register.json"
    if not path.exists():
        row = {"id": str(STATION), "max_uploads": 64, "max_waiting_bytes": 1 << 34}
        path.write_text(json.dumps({"stations": {token: row}, "uploads": {}}))
    register, staging = real.FileRegister(path), Staging(folder / "staging")

    def on_finished(upload_id: str) -> None:
        with (folder / "finished").open("a") as file:
            file.write(upload_id + "\n")

    uploads = tus_application(register, staging, real.small_limits(record_offset_bytes=1 << 20), on_finished)
    application = mount_uploads(uploads, receipts(register, staging, load_signing_key(key_file)))
    listener = socket.create_server(("127.0.0.1", port))
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(application, http="httptools", lifespan="off", log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
