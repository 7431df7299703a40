-- An entry is found by its index: its block is the last one whose first index is not above it.
CREATE UNIQUE INDEX block_first_index ON block (first_index);
