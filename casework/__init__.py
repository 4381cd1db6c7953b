"""Cases and their recordings, who may see or copy them, and who did."""
