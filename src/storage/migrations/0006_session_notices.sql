-- Changes of accounts that sessions, which live elsewhere, have not heard of yet. Written in the change's
-- transaction, deleted once the sessions are told; what is left over, a server tells them later.
CREATE TABLE session_notices (
    id       text   NOT NULL PRIMARY KEY,
    user_id  text   NOT NULL,
    -- "roles", "end", or the id of the one session that does not end.
    effect   text   NOT NULL,
    -- When the change was made, in milliseconds since the Unix epoch.
    at       bigint NOT NULL
);
