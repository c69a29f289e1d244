-- Gives a session's fields and marks it as used. KEYS: its hash.
-- ARGV: clock, id, "cookie" or "tokens", staleness allowed, life without use, longest life.
-- Answers the time and, if the session lives, { its fields, when the browser was told of its cookie }.
local row = redis.call('HMGET', KEYS[1],
  'user', 'email', 'roles', 'created', 'used', 'expires', 'ip', 'agent', 'current', 'cookie_at')
if not row[1] then
  return { now, false }
end
local cookie, life, max = ARGV[3] == 'cookie', tonumber(ARGV[5]), tonumber(ARGV[6])
local created, used = tonumber(row[4]), tonumber(row[5])
local expires = capped(created, tonumber(row[6]), max)
if cookie then
  -- The setting may have been lowered since the end was written.
  expires = math.min(expires, used + life)
end
if expires <= now then
  return { now, false }
end
if now - used >= tonumber(ARGV[4]) then
  used = now
  -- A courtesy: on a server that is full or read-only the session is still good.
  redis.pcall('HSET', KEYS[1], 'used', text(used))
  if cookie then
    expires = capped(created, now + life, max)
    local index = 'aura:sessions:' .. row[1]
    redis.pcall('HSET', KEYS[1], 'expires', text(expires))
    redis.pcall('PEXPIRE', KEYS[1], text(expires - now))
    redis.pcall('ZADD', index, text(expires), ARGV[2])
    if redis.call('PTTL', index) < expires - now then
      redis.pcall('PEXPIRE', index, text(expires - now))
    end
  end
end
row[5], row[6] = text(used), text(expires)
return { now, { { unpack(row, 1, 9) }, row[10] or '0' } }
