-- The vault and its views of the other services. Content, contracts and decisions are sealed; no key is here unwrapped.
-- Times are milliseconds since 1970.

-- One row a patient: what a release and a revocation lock, so that they cannot pass each other.
CREATE TABLE patient (
    id uuid PRIMARY KEY
);

-- Each patient's key, wrapped by the service's root key. Destroying the row destroys what is sealed for the patient.
CREATE TABLE patient_key (
    patient uuid PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    wrapped bytea NOT NULL
);

-- Every version of every resource, sealed under a key of its own, which the patient's key wraps.
CREATE TABLE record_version (
    version uuid PRIMARY KEY,
    patient uuid NOT NULL,
    custodian uuid NOT NULL,
    type text COLLATE "C" NOT NULL,
    resource_id text COLLATE "C" NOT NULL,
    is_current boolean NOT NULL,
    stored_at bigint NOT NULL,
    key_id uuid NOT NULL,
    -- HMAC of the content under the patient's key: recognises equal content and confirms no guess.
    mark bytea NOT NULL CHECK (octet_length(mark) = 32),
    wrapped_key bytea NOT NULL,
    content bytea NOT NULL
);
ALTER TABLE record_version ALTER COLUMN content SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX record_version_current ON record_version (patient, custodian, type, resource_id)
    WHERE is_current;

-- View of identity.events: who is enrolled, and as what. No names.
CREATE TABLE participant (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('organization', 'practitioner', 'patient', 'system'))
);

-- View of consent.events: contracts in force once final, the signed document sealed under the patient's key.
CREATE TABLE contract (
    id uuid NOT NULL,
    version bytea NOT NULL CHECK (octet_length(version) = 32),
    patient uuid NOT NULL,
    sealed_document bytea NOT NULL,
    PRIMARY KEY (id, version)
);
ALTER TABLE contract ALTER COLUMN sealed_document SET STORAGE EXTERNAL;
CREATE INDEX contract_patient ON contract (patient);

-- View of consent.events: revocations from the moment they are known, before they are final.
CREATE TABLE revocation (
    contract uuid PRIMARY KEY,
    patient uuid NOT NULL,
    event_id uuid NOT NULL
);
CREATE INDEX revocation_patient ON revocation (patient);

-- View of access.events: final decisions that permit something, until every token for them has expired.
CREATE TABLE decision (
    id uuid PRIMARY KEY,
    patient uuid NOT NULL,
    entry_index bigint NOT NULL,
    decided_at bigint NOT NULL,
    sealed_data bytea NOT NULL
);
CREATE INDEX decision_time ON decision (decided_at);
