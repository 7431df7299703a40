-- The tables of messaging in a service's own schema. Random ids are indexed only where they are primary
-- keys: an index on random values costs a page read a row once it outgrows memory. No foreign keys:
-- each row below is written in the transaction that writes the row it names, or names a row that is
-- never deleted.

-- One row: the network and the service to which this schema belongs.
CREATE TABLE network (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    id bytea NOT NULL CHECK (octet_length(id) = 32),
    service text NOT NULL
);

-- Every event that this service accepted, and how far it came. Times are milliseconds since 1970.
CREATE TABLE event (
    id uuid PRIMARY KEY,
    type text NOT NULL,
    subject uuid NOT NULL,
    topic text NOT NULL,
    payload bytea NOT NULL,
    entry bytea NOT NULL CHECK (octet_length(entry) = 94),
    accepted_at bigint NOT NULL,
    restrictive boolean NOT NULL,
    submission_sequence bigint,
    submission_position integer,
    entry_index bigint,
    height bigint,
    tree_size bigint,
    receipt text,
    final boolean NOT NULL DEFAULT false,
    CHECK (NOT final OR (submission_sequence IS NOT NULL AND submission_position IS NOT NULL
        AND entry_index IS NOT NULL AND height IS NOT NULL AND tree_size IS NOT NULL AND receipt IS NOT NULL))
);
ALTER TABLE event ALTER COLUMN payload SET STORAGE EXTERNAL;
ALTER TABLE event ALTER COLUMN receipt SET STORAGE EXTERNAL;

-- Events that are not in a final block; sent means that a stored submission holds the entry.
CREATE TABLE outbox (
    id bigserial PRIMARY KEY,
    event_id uuid NOT NULL,
    sent boolean NOT NULL DEFAULT false,
    sequence bigint,
    CHECK (sent = (sequence IS NOT NULL))
);
CREATE INDEX outbox_unsent ON outbox (id) WHERE NOT sent;
CREATE INDEX outbox_sequence ON outbox (sequence) WHERE sent;

-- Every version of every submission, stored before it is sent.
CREATE TABLE submission (
    sequence bigint NOT NULL,
    version integer NOT NULL,
    bytes bytea NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    state text NOT NULL CHECK (state IN ('pending', 'final', 'refused')),
    PRIMARY KEY (sequence, version)
);
ALTER TABLE submission ALTER COLUMN bytes SET STORAGE EXTERNAL;
CREATE INDEX submission_pending ON submission (sequence) WHERE state = 'pending';

-- Events that wait for a number in their partition; finality 0 is pending, 1 is final. Only restrictive
-- events are published while pending, and those are numbered first.
CREATE TABLE unpublished (
    id bigserial PRIMARY KEY,
    event_id uuid NOT NULL,
    finality smallint NOT NULL CHECK (finality IN (0, 1))
);
CREATE INDEX unpublished_order ON unpublished (finality, id);

-- What this service wrote to its topics, in the order of the numbers; the topic is a copy of this table.
CREATE TABLE publication (
    topic text NOT NULL,
    partition integer NOT NULL,
    number bigint NOT NULL,
    event_id uuid NOT NULL,
    finality smallint NOT NULL,
    previous bytea NOT NULL CHECK (octet_length(previous) = 32),
    record_hash bytea NOT NULL CHECK (octet_length(record_hash) = 32),
    key text NOT NULL,
    headers text NOT NULL,
    value bytea NOT NULL,
    kafka_offset bigint,
    delivered boolean NOT NULL DEFAULT false,
    PRIMARY KEY (topic, partition, number),
    CHECK (delivered = (kafka_offset IS NOT NULL))
);
ALTER TABLE publication ALTER COLUMN value SET STORAGE EXTERNAL;
CREATE INDEX publication_undelivered ON publication (topic, partition, number) WHERE NOT delivered;

-- Where this service reads on, in each partition of the topics that it consumes.
CREATE TABLE consumer_position (
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    PRIMARY KEY (topic, partition)
);

-- The inbox: the next number of each producer and the hash of the record before it.
CREATE TABLE producer_position (
    topic text NOT NULL,
    partition integer NOT NULL,
    producer bytea NOT NULL CHECK (octet_length(producer) = 32),
    next_number bigint NOT NULL,
    head_hash bytea NOT NULL CHECK (octet_length(head_hash) = 32),
    PRIMARY KEY (topic, partition, producer)
);

-- The erasure secret of each subject, wrapped by the service's root key; without it no entry can be
-- opened.
CREATE TABLE subject_secret (
    subject uuid PRIMARY KEY,
    wrapped bytea NOT NULL
);

-- Records set aside. Those whose signature verified have a producer, number and subject, and hold back
-- later records of that subject; the others are kept as evidence, up to a bound.
CREATE TABLE parked (
    id bigserial PRIMARY KEY,
    topic text NOT NULL,
    partition integer NOT NULL,
    kafka_offset bigint NOT NULL,
    producer bytea,
    number bigint,
    subject uuid,
    event_id uuid,
    reason text NOT NULL,
    record bytea NOT NULL,
    parked_at bigint NOT NULL
);
ALTER TABLE parked ALTER COLUMN record SET STORAGE EXTERNAL;
CREATE INDEX parked_subject ON parked (topic, subject) WHERE subject IS NOT NULL;
-- Evidence is kept once however often a partition is read again. Authentic records need no such rule, since
-- each takes its number once, and must not have it: in a topic that was replaced one of them may stand at
-- an offset where junk stood.
CREATE UNIQUE INDEX parked_evidence ON parked (topic, partition, kafka_offset) WHERE producer IS NULL;
