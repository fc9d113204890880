"""The fault suite: real parts, a promise for each fault, a ledger counted message by message."""
