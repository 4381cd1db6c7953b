"""The parts of custody: what is due, the attempt, the rows, the receipt. Their order is in ingest/custody.py."""
