"""The one verification core for XML signatures in WS-Security messages (see docs/signature-core.md).

`shape` reads what a signature says, against an allow-list and before any cryptography; `keyinfo` finds the
certificates that it names; when the trust decision has chosen one of them, `verify` checks the signature and
its references on the live tree and says which nodes they covered. Nothing is ever fetched.
"""
