"""The media worker's work: which copies are due, and making, sealing and recording them."""
