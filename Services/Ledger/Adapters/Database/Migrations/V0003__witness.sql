-- What this validator knows as a C2SP witness of other logs, and what other witnesses say of this log.

-- The last checkpoint that was cosigned for each log, with the cosignature by which the row is verified when it is read;
-- the row is locked while the next one is judged. A log that was never cosigned has size 0 and no note.
CREATE TABLE witnessed_log (
    origin text COLLATE "C" PRIMARY KEY,
    size bigint NOT NULL CHECK (size >= 0),
    root bytea NOT NULL CHECK (octet_length(root) = 32),
    note text COLLATE "C",
    cosignature text COLLATE "C",
    CHECK ((note IS NULL) = (cosignature IS NULL))
);

-- Checkpoints that a log signed and that were not cosigned: of the same size with another root, or not shown to
-- continue what was cosigned. Beside each stands the note that was held.
CREATE TABLE witness_evidence (
    origin text COLLATE "C" NOT NULL,
    held_size bigint NOT NULL,
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    is_fork boolean NOT NULL,
    held_note text COLLATE "C",
    request bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (origin, held_size, digest)
);

-- The newest cosignature of each witness on this log's checkpoints, with the note that it is on.
CREATE TABLE witness_cosignature (
    witness text COLLATE "C" PRIMARY KEY,
    height bigint NOT NULL,
    size bigint NOT NULL,
    note text COLLATE "C" NOT NULL,
    line text COLLATE "C" NOT NULL
);
