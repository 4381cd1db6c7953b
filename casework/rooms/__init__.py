"""Rooms with recorders of their own (执法办案场所): what is in them, who used them when (docs/rooms.md)."""
