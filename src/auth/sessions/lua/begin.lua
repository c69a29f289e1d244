-- Begins a session. KEYS: its hash, its user's index.
-- ARGV: id, user, email, roles, created, expires, ip, user agent, token hash, sessions allowed,
-- version of the account that the roles are of.
local created, expires = tonumber(ARGV[5]), tonumber(ARGV[6])
redis.call('HSET', KEYS[1],
  'user', ARGV[2], 'email', ARGV[3], 'roles', ARGV[4], 'created', ARGV[5], 'used', ARGV[5],
  'expires', ARGV[6], 'ip', ARGV[7], 'agent', ARGV[8], 'current', ARGV[9], 'chain', '',
  'version', ARGV[11])
redis.call('PEXPIRE', KEYS[1], expires - created)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', created)
redis.call('ZADD', KEYS[2], expires, ARGV[1])
-- One more than allowed, unless another version allowed more: a few each time.
local excess = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[10])
if excess > 0 then
  for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, math.min(excess, 10) - 1)) do
    redis.call('DEL', 'aura:session:' .. id)
    redis.call('ZREM', KEYS[2], id)
  end
end
-- Never shorten the index's life: a session with a longer one may stand in it.
if redis.call('PTTL', KEYS[2]) < expires - created then
  redis.call('PEXPIRE', KEYS[2], expires - created)
end
return redis.status_reply('OK')
