-- Who did what, when, from where. Rows are added and, when they are old, deleted; never changed.
CREATE TABLE audit_events (
    -- Milliseconds since the Unix epoch, shifted left by 20 bits, and 20 random bits: ids sort by
    -- time, and no counter has to be shared.
    id          bigint NOT NULL PRIMARY KEY,
    -- Milliseconds since the Unix epoch.
    at          bigint NOT NULL,
    -- Such as "session.began".
    action      text   NOT NULL,
    -- The account that acted; null for the command line, the server, and who is not signed in.
    actor_id    text,
    -- Its e-mail at that time, or who else it was.
    actor       text   NOT NULL,
    -- The account that it was done to; null where there is none.
    subject_id  text,
    subject     text   NOT NULL,
    ip          text   NOT NULL,
    user_agent  text   NOT NULL,
    request_id  text   NOT NULL,
    detail      text   NOT NULL
);

-- Filters name `id + 0`, which these indexes have and the primary key has not: so no planner takes
-- the primary key for a filter that matches a few rows out of millions.
CREATE INDEX audit_events_action  ON audit_events (action,  (id + 0));
CREATE INDEX audit_events_actor   ON audit_events (actor,   (id + 0));
CREATE INDEX audit_events_subject ON audit_events (subject, (id + 0));
CREATE INDEX audit_events_ip      ON audit_events (ip,      (id + 0));

-- Since when the account must choose another password before it signs in again.
ALTER TABLE users ADD COLUMN password_change_required_at bigint;

-- Rows to lock, for what must not happen twice at once: an update of `taken` waits for the other.
CREATE TABLE locks (
    name   text   NOT NULL PRIMARY KEY,
    taken  bigint NOT NULL
);
INSERT INTO locks (name, taken) VALUES ('last_admin', 0);
