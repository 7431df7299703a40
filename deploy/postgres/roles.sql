-- One service: a role that may log in, and a schema of the same name that only this role sees.
-- Run once a service by a superuser of the cluster, connected to the database of the suite:
--   psql -v role=identity -v password=… -f roles.sql
\set ON_ERROR_STOP on
BEGIN;
SELECT format('CREATE ROLE %I LOGIN', :'role')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role')
\gexec
ALTER ROLE :"role" PASSWORD :'password';
ALTER ROLE :"role" SET search_path = :"role";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database())
\gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), :'role')
\gexec
CREATE SCHEMA IF NOT EXISTS :"role" AUTHORIZATION :"role";
COMMIT;
