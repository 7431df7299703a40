-- One validator's copy of the ledger. No row and no index per entry: an entry is found by its index, which its
-- receipt names. Rows are only ever added.

-- The network and validator for which this schema is; a process of another one refuses it.
CREATE TABLE ledger (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    network_id bytea NOT NULL CHECK (octet_length(network_id) = 32),
    validator integer NOT NULL
);

-- One row a block. final_block is the block as other validators take it: block entry, checkpoint text, certificate
-- and the submissions with their signatures. What stands beside it is for finding rows and checking them.
CREATE TABLE block (
    height bigint PRIMARY KEY CHECK (height > 0),
    first_index bigint NOT NULL,
    tree_size bigint NOT NULL CHECK (tree_size > first_index),
    block_hash bytea NOT NULL CHECK (octet_length(block_hash) = 32),
    checkpoint text COLLATE "C" NOT NULL,
    -- This validator's own cosignature message; null for a block whose height it had cosigned with a lost database.
    cosignature bytea,
    final_block bytea NOT NULL
);
-- Hashes and signatures do not compress, and whole values are read.
ALTER TABLE block ALTER COLUMN final_block SET STORAGE EXTERNAL;

-- One row a key and block: where the key's submissions are.
CREATE TABLE key_block (
    key_id bytea NOT NULL CHECK (octet_length(key_id) = 32),
    height bigint NOT NULL,
    first_sequence bigint NOT NULL,
    next_sequence bigint NOT NULL CHECK (next_sequence > first_sequence),
    first_index bigint NOT NULL,
    PRIMARY KEY (key_id, height)
);

-- One row a full tile of 256 hashes, as C2SP tlog-tiles serves it; partial tiles are put together from the last blocks.
CREATE TABLE tile (
    level integer NOT NULL,
    index bigint NOT NULL,
    hashes bytea NOT NULL CHECK (octet_length(hashes) = 8192),
    PRIMARY KEY (level, index)
);
ALTER TABLE tile ALTER COLUMN hashes SET STORAGE EXTERNAL;

-- The signed note of a height once a quorum has cosigned it; a table of its own, so that no block row is rewritten.
CREATE TABLE note (
    height bigint PRIMARY KEY,
    note text COLLATE "C" NOT NULL
);

-- Two different votes of one validator for one height, round and step.
CREATE TABLE evidence (
    validator integer NOT NULL,
    height bigint NOT NULL,
    round bigint NOT NULL,
    step smallint NOT NULL,
    first_vote bytea NOT NULL,
    second_vote bytea NOT NULL,
    PRIMARY KEY (validator, height, round, step)
);
