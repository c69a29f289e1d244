-- Gives a user's sessions the roles of a version of the account, unless they have those of a later one.
-- KEYS: the user's index. ARGV: the roles, the version.
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local key = 'aura:session:' .. id
  local row = redis.call('HMGET', key, 'user', 'version')
  -- Not on a key that has just expired: HSET would make one that lives for ever. A session that an older
  -- server began has no version, which is older than any.
  if row[1] and tonumber(row[2] or 0) <= tonumber(ARGV[2]) then
    redis.call('HSET', key, 'roles', ARGV[1], 'version', ARGV[2])
  end
end
return redis.status_reply('OK')
