-- The register of participants. No names: they live in the sealed payload of the enrolment's event only.
CREATE TABLE participant (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('organization', 'practitioner', 'patient', 'system')),
    organization uuid REFERENCES participant (id),
    signing_key bytea CHECK (octet_length(signing_key) = 32),
    -- HMAC of the enrolment's canonical form under the service's root key: tells repetitions from conflicts.
    enrolment_mark bytea NOT NULL CHECK (octet_length(enrolment_mark) = 32),
    event_id uuid NOT NULL UNIQUE,
    CHECK ((kind = 'organization') = (organization IS NULL)),
    CHECK (kind = 'practitioner' OR signing_key IS NOT NULL)
);

-- A key speaks for one participant.
CREATE UNIQUE INDEX participant_signing_key ON participant (signing_key) WHERE signing_key IS NOT NULL;

-- Assertions that were used, until they have expired everywhere; times are milliseconds since 1970.
CREATE TABLE used_assertion (
    signer uuid NOT NULL,
    purpose text NOT NULL CHECK (purpose IN ('client', 'user')),
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    expires_at bigint NOT NULL,
    PRIMARY KEY (signer, purpose, digest)
);
CREATE INDEX used_assertion_expiry ON used_assertion (expires_at);
