"""Required elements: what a recording must have, what it lacks or contradicts, who is asked (docs/elements.md)."""
