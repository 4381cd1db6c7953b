"""What a party is told before a penalty, what he says, and what of it is still missing: docs/notices.md."""
