-- A denial counts until its revocation is final.
-- Revocations that are known already ended their contracts then.
ALTER TABLE revocation ADD COLUMN is_final boolean NOT NULL DEFAULT true;
ALTER TABLE revocation ALTER COLUMN is_final DROP DEFAULT;

-- How often each token was refused, by the SHA-256 of its id, until it has expired.
-- Only the first refusals become events.
CREATE TABLE token_refusal (
    token bytea PRIMARY KEY CHECK (octet_length(token) = 32),
    refusal_count bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX token_refusal_expiry ON token_refusal (expires_at);
