"""What is known of recordings: what they claim, what people answered of it, and what their clock is worth."""
