"""Decisions, the legal review of those in its scope, and the gate that lets them out (docs/review.md)."""
