"""Uploads: a tus 1.0 server. Offsets are files beside their bytes; creation and finish are rows with ledger entries."""
