"""What is published of enforcement (执法公示), checked by two, on every channel, in time (docs/publication.md)."""
