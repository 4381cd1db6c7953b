"""Until when something has to be done: terms as rules with their law, and days as the official calendar counts them."""
