-- A denial counts until its revocation is final. revoked_final is set once the revocation was seen to be so.
ALTER TABLE contract ADD COLUMN revoked_final boolean NOT NULL DEFAULT false;
ALTER TABLE contract ADD CHECK (revoked_event IS NOT NULL OR NOT revoked_final);
DROP INDEX contract_standing;
CREATE INDEX contract_standing ON contract (patient) WHERE NOT revoked_final;
