-- Accounts. Portable: text ids, bigint milliseconds since the Unix epoch, no booleans.
CREATE TABLE users (
    id             text   NOT NULL PRIMARY KEY,
    -- Lower case, so that the constraint compares without case on both engines.
    email          text   NOT NULL UNIQUE,
    password_hash  text   NOT NULL,
    -- Names separated by one space; empty for none.
    roles          text   NOT NULL,
    created_at     bigint NOT NULL,
    disabled_at    bigint,
    -- Sessions that began before this moment have ended.
    signed_out_at  bigint
);
