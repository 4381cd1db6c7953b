"""案卷评查: case files drawn by a seed nobody could choose, scored, and what was found followed to its end."""
