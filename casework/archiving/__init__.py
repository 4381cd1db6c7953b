"""Archiving (归档): what a closed case must have, how long it is kept, who may see it, and its catalogue."""
