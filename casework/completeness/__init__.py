"""Which minutes of an act were recorded, for sure, perhaps, or not: the engine, on facts that others gather."""
