-- How often an event happened: repeated failures of one address are one event.
ALTER TABLE audit_events ADD COLUMN count bigint NOT NULL DEFAULT 1;
