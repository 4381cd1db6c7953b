"""The media worker's work: which renditions are due, and making, sealing and recording them."""
