"""The acts (执法行为) of a case, what their recordings lack, and who has explained it (docs/completeness.md)."""
