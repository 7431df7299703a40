-- Patients appear in these tables by a keyed pseudonym of this service only, and what can name anybody
-- is sealed under a key that is not here. Times are milliseconds since 1970.

-- Organisations, practitioners and systems, of whom notices speak. No patients.
CREATE TABLE participant (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('organization', 'practitioner', 'system')),
    sealed_name bytea NOT NULL
);

-- One row a patient: the number of the newest notice. Its lock makes the notices of a patient appear in
-- the order of their numbers, so that a cursor never passes one by that is committed later.
CREATE TABLE inbox (
    id bytea PRIMARY KEY CHECK (octet_length(id) = 32),
    newest_number bigint NOT NULL
);

-- One row an event, whatever is delivered twice; a pending one gets its receipt in the same row. The
-- words of a notice are not kept: they are made of the disclosure when it is read.
CREATE TABLE notice (
    event_id uuid PRIMARY KEY,
    inbox bytea NOT NULL,
    number bigint NOT NULL,
    type text NOT NULL,
    time bigint NOT NULL,
    sealed_disclosure bytea NOT NULL,
    receipt text,
    UNIQUE (inbox, number)
);
ALTER TABLE notice ALTER COLUMN sealed_disclosure SET STORAGE EXTERNAL;
ALTER TABLE notice ALTER COLUMN receipt SET STORAGE EXTERNAL;

-- Final access events that have no numbers in the subscribers' topics yet.
CREATE TABLE subscriber_queue (
    id bigserial PRIMARY KEY,
    event_id uuid NOT NULL UNIQUE
);

-- What is written to the subscribers' topics, in the order of the numbers; each topic is a copy of its
-- rows. The offset is that of the record itself or of a later one that was sent together with it.
CREATE TABLE subscriber_record (
    subscriber text NOT NULL,
    number bigint NOT NULL,
    previous bytea NOT NULL CHECK (octet_length(previous) = 32),
    record_hash bytea NOT NULL CHECK (octet_length(record_hash) = 32),
    event_id uuid NOT NULL,
    pseudonym text NOT NULL,
    headers text NOT NULL,
    value bytea NOT NULL,
    delivered boolean NOT NULL DEFAULT false,
    kafka_offset bigint,
    PRIMARY KEY (subscriber, number),
    UNIQUE (subscriber, event_id),
    CHECK (delivered = (kafka_offset IS NOT NULL))
);
ALTER TABLE subscriber_record ALTER COLUMN value SET STORAGE EXTERNAL;
CREATE INDEX subscriber_record_undelivered ON subscriber_record (subscriber, number) WHERE NOT delivered;
