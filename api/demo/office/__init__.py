"""Three cases from the opening to the portal and the figures of the year: `liuhen demo casework`."""
