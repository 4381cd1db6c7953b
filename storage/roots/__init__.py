"""Root keys: who holds one, how one takes another's place, and how keys are got at once it is lost (docs/keys.md)."""
