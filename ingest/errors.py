"""What can go wrong on a recording's way in. Each error carries its facts; the text says what to do next.

IngestError
├── RequestRefused                  what a station asks for is not done
│   ├── UploadRefused …             an upload: ingest/uploads/errors.py
│   └── CredentialRefused …         who asks, whatever it is: ingest/stations/errors.py
├── StationError …                  enrolling stations: ingest/stations/errors.py
├── DockError …                     what keeps footage on a device: ingest/dock/errors.py
├── StagedBytesUnknown              staged files whose uploads the catalog does not know: ingest/uploads/errors.py
├── CustodyError …, NodeAtWork      sealing: ingest/sealing/errors.py
├── MediaError …                    looking at media: ingest/media/errors.py; copying: ingest/rendering/errors.py
├── ObjectsDamaged, ScrubBehind     stored objects, read again: ingest/scrub/errors.py
├── ColdError …                     originals in a cold store: ingest/cold/errors.py
└── ReplicaError …                  the second store: ingest/replica/errors.py
"""

from __future__ import annotations


class IngestError(Exception):
    """Anything that ingest raises on purpose."""


class RequestRefused(IngestError):
    """A station's request that is not carried out, or not to its end.

    It is raised as it is to all who asked for the same thing at the time (ingest/uploads/gathering.py): nothing of one
    request is written to it.
    """
