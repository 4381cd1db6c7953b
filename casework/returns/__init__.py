"""定期报送: returns that a unit owes to its superiors at fixed times, drawn up from the ledger, checked and sent."""
