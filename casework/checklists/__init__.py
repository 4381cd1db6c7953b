"""音像记录事项清单: which acts need which recordings, in versions that are rules and no code (docs/completeness.md)."""
