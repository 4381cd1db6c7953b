"""What each role has to do now, on one page each: worked out when it is asked for, and not kept (docs/today.md)."""
