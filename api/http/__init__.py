"""HTTP: the API under /api/v1, uploads, the ledger's public files, health, and the pages."""
