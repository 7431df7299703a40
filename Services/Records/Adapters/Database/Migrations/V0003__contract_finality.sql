-- A contract that denies anything is here as soon as it is known; what it permits acts once it is final.
-- Contracts that are known already were final, or did nothing but deny.
ALTER TABLE contract ADD COLUMN is_final boolean NOT NULL DEFAULT true;
ALTER TABLE contract ALTER COLUMN is_final DROP DEFAULT;
