"""Documents (文书) of cases: from the city's templates, filled in, signed, numbered, rendered and sealed."""
