"""What is said to people: codes of the catalog in words, Chinese as message ids, divided by what the words are of."""
