"""Looking at footage nobody vouches for, and making copies that a browser plays: always inside a sandbox."""
