-- Prolongs a session of a user that has not ended. KEYS: its hash, the user's index.
-- ARGV: id, user, now, until.
local row = redis.call('HMGET', KEYS[1], 'user', 'expires')
local now, ends = tonumber(ARGV[3]), tonumber(ARGV[4])
if row[1] ~= ARGV[2] or tonumber(row[2]) <= now or tonumber(row[2]) >= ends then
  return redis.status_reply('OK')
end
redis.call('HSET', KEYS[1], 'expires', ARGV[4], 'used', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ends - now)
redis.call('ZADD', KEYS[2], ends, ARGV[1])
if redis.call('PTTL', KEYS[2]) < ends - now then
  redis.call('PEXPIRE', KEYS[2], ends - now)
end
return redis.status_reply('OK')
