-- Costs of bcrypt hashes, '04' to '31': the dearest is asked for every minute.
CREATE INDEX users_password_cost ON users (substr(password_hash, 5, 2));
