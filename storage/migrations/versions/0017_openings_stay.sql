-- What opens the ledger's commitments stays: no code of ours destroys an opening, and whoever holds the application's
-- password could otherwise remove what speaks against a row he changed. A destruction, once there is one, comes with its
-- entry and with a guard that asks for it, not with a right to delete whatever one likes.
REVOKE DELETE ON ledger_opening FROM liuhen_app;
