-- Begins a session. KEYS: its hash, its user's index.
-- ARGV: clock, id, user, email, roles, ip, user agent, token hash, version of the account that the roles
-- are of, the earliest beginning, life without use, longest life, "cookie" or "tokens", sessions allowed.
-- Answers its beginning and its end.
local created = math.max(now, tonumber(ARGV[10]))
local expires = capped(created, created + tonumber(ARGV[11]), tonumber(ARGV[12]))
redis.call('HSET', KEYS[1],
  'user', ARGV[3], 'email', ARGV[4], 'roles', ARGV[5], 'created', text(created),
  'used', text(created), 'expires', text(expires), 'ip', ARGV[6], 'agent', ARGV[7],
  'current', ARGV[8], 'chain', '', 'version', ARGV[9])
if ARGV[13] == 'cookie' then
  redis.call('HSET', KEYS[1], 'cookie_at', text(created))
end
redis.call('PEXPIRE', KEYS[1], text(expires - now))
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', text(now))
redis.call('ZADD', KEYS[2], text(expires), ARGV[2])
-- One more than allowed, unless another version allowed more: a few each time.
local excess = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[14])
if excess > 0 then
  for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, math.min(excess, 10) - 1)) do
    redis.call('DEL', 'aura:session:' .. id)
    redis.call('ZREM', KEYS[2], id)
  end
end
-- Never shorten the index's life: a session with a longer one may stand in it.
if redis.call('PTTL', KEYS[2]) < expires - now then
  redis.call('PEXPIRE', KEYS[2], text(expires - now))
end
return { created, expires }
