-- The tables of consent. Times are milliseconds since 1970; digests are SHA-256.

-- What this service knows of participants, from the final events of identity; no names.
-- A decision and a revocation both lock the patient's row here, so that they cannot pass each other.
CREATE TABLE participant (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('organization', 'practitioner', 'patient', 'system')),
    organization uuid,
    signing_key bytea CHECK (octet_length(signing_key) = 32),
    authority text,
    event_id uuid NOT NULL
);

-- The contracts; granted_final is set once the event that granted the contract was seen to be final.
CREATE TABLE contract (
    id uuid PRIMARY KEY,
    patient uuid NOT NULL,
    custodians uuid[] NOT NULL,
    granted_event uuid NOT NULL UNIQUE,
    granted_final boolean NOT NULL DEFAULT false,
    revoked_event uuid UNIQUE
);
CREATE INDEX contract_standing ON contract (patient) WHERE revoked_event IS NULL;

-- Every version as it was signed: 1 as granted, 2 as revoked.
CREATE TABLE contract_version (
    contract uuid NOT NULL REFERENCES contract (id),
    number bigint NOT NULL CHECK (number > 0),
    document bytea NOT NULL,
    version bytea NOT NULL CHECK (octet_length(version) = 32),
    nonce uuid NOT NULL,
    signature bytea NOT NULL CHECK (octet_length(signature) = 64),
    event_id uuid NOT NULL UNIQUE,
    accepted_at bigint NOT NULL,
    PRIMARY KEY (contract, number)
);
ALTER TABLE contract_version ALTER COLUMN document SET STORAGE EXTERNAL;

-- Each nonce of a patient counts once.
CREATE TABLE consent_nonce (
    patient uuid NOT NULL,
    nonce uuid NOT NULL,
    version bytea NOT NULL CHECK (octet_length(version) = 32),
    contract uuid NOT NULL,
    number bigint NOT NULL,
    PRIMARY KEY (patient, nonce)
);

-- The decisions. A row holds all claims of the decision's one token, so it can be issued again as it was.
CREATE TABLE decision (
    id uuid PRIMARY KEY,
    client uuid NOT NULL,
    idempotency_key uuid,
    request_digest bytea NOT NULL CHECK (octet_length(request_digest) = 32),
    patient uuid NOT NULL,
    practitioner uuid NOT NULL,
    organization uuid NOT NULL,
    system uuid,
    custodian uuid NOT NULL,
    granted_purposes text[] NOT NULL,
    resource_types text[] NOT NULL,
    contracts uuid[] NOT NULL,
    contract_versions bytea[] NOT NULL,
    policies text[] NOT NULL,
    -- The canonical data of the event, with the engine's canonical decision in it.
    data bytea NOT NULL,
    patient_sentences text[] NOT NULL,
    requester_sentence text NOT NULL,
    decided_at bigint NOT NULL,
    token_issued_at bigint,
    CHECK (cardinality(contracts) = cardinality(contract_versions)),
    CHECK (token_issued_at IS NULL OR cardinality(granted_purposes) > 0),
    UNIQUE (client, idempotency_key)
);
CREATE INDEX decision_patient ON decision (patient, decided_at DESC, id DESC);

-- Client assertions that were used, until they have expired everywhere.
CREATE TABLE used_assertion (
    client uuid NOT NULL,
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    expires_at bigint NOT NULL,
    PRIMARY KEY (client, digest)
);
CREATE INDEX used_assertion_expiry ON used_assertion (expires_at);
