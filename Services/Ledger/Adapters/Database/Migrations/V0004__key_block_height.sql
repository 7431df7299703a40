-- The scrubber reads the rows of a block's keys by its height.
CREATE INDEX key_block_height ON key_block (height);
