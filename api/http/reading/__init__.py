"""Reading the catalog for answers: rows of a person's unit, with the names that belong to their ids."""
