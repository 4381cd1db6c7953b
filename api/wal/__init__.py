"""The database's write-ahead log (WAL), shipped as it is written: docs/decisions/0033-point-in-time.md."""
