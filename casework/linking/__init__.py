"""A recording's place in a case: found by the linker, or said by a person. docs/linking.md."""
