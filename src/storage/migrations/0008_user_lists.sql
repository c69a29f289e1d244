-- Last sign-in of an account, in milliseconds since the Unix epoch, give or take a minute; 0 for none.
-- Not null, so that a page of a list in this order goes on from any value. A server of the version
-- before does not write it.
ALTER TABLE users ADD COLUMN last_sign_in_at bigint NOT NULL DEFAULT 0;

-- Out of the audit trail. The expression keeps planners from the index of actions, which has every
-- sign-in of everybody under one value.
UPDATE users SET last_sign_in_at = coalesce((
    SELECT max(at) FROM audit_events
    WHERE subject = users.email AND subject_id = users.id AND action || '' = 'session.began'
), 0);

-- One index for each order; `id` tells accounts of one moment apart.
CREATE INDEX users_created_at      ON users (created_at, id);
CREATE INDEX users_last_sign_in_at ON users (last_sign_in_at, id);

-- The few accounts that a filter usually wants among many: those with a role, and those that cannot
-- simply sign in.
CREATE INDEX users_with_roles      ON users (email) WHERE roles <> '';
CREATE INDEX users_disabled        ON users (email) WHERE disabled_at IS NOT NULL;
CREATE INDEX users_must_change     ON users (email) WHERE password_change_required_at IS NOT NULL;
