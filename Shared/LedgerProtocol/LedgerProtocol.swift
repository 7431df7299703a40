// LedgerProtocol
