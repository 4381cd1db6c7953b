"""The ledger's rows and its one sequencer; the Merkle algebra is in integrity/."""
