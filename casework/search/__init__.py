"""Search over cases, documents, people, places and recordings, in Chinese: docs/search.md."""
