"""A second implementation of everything that a verifier of Consentry checks, written from the specifications alone.

It shares no code with the suite, so that both must be wrong in the same way for a false receipt or ledger to pass. It
needs Python 3.9 and the package `cryptography`.

canonical_json  RFC 8785                      codecs       the binary forms of the ledger
tokens          small values, one spelling    states       who is in force at a height
ed25519         libsodium's rule              governance   documents that change the network
merkle          RFC 6962                      changes      proofs of such changes
notes           C2SP notes and checkpoints    chain        block after block from genesis
members         organisations, validators, …  ledgers      a whole ledger, and receipts of any entry
genesis         the genesis file              sources      where blocks are read from
disclosure      an event and its entry        receipts     one entry of the ledger, offline
"""
