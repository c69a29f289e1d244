-- The name of an account that people read; null for none. A server of the version before neither reads
-- nor writes it.
ALTER TABLE users ADD COLUMN display_name text;
