"""送达: every service of a document goes through here: how it was served, what proves it, when it counts
(docs/service.md)."""
