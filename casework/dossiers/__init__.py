"""舆情应对: what may be said of a case when the public asks, put together once, masked, and kept."""
