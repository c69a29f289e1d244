-- Counts the changes of an account. Sessions keep the version that their roles are of, so that of two
-- changes at one moment the later one holds; reset tokens are of one version and die with it. A server
-- of the version before does not count: its changes are as new as those before them.
ALTER TABLE users ADD COLUMN version bigint NOT NULL DEFAULT 0;

-- Since when a reset token alone leads to a new password. It stands beside
-- `password_change_required_at`, by which a server of the version before refuses the old password.
ALTER TABLE users ADD COLUMN reset_required_at bigint;
