"""The register of devices, who has them, and of officers' certificates (配发、交还、执法证)."""
