-- Gives sessions the roles of a version of their account, unless they have those of a later one.
-- ARGV: the roles, the version, then the sessions' ids, a bounded number.
for i = 3, #ARGV do
  local key = 'aura:session:' .. ARGV[i]
  local row = redis.call('HMGET', key, 'user', 'version')
  -- Not on a key that has just expired: HSET would make one that never expires. A session that an older
  -- server began has no version, which counts as older than any.
  if row[1] and tonumber(row[2] or 0) <= tonumber(ARGV[2]) then
    redis.call('HSET', key, 'roles', ARGV[1], 'version', ARGV[2])
  end
end
return redis.status_reply('OK')
