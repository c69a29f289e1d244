-- Gives a session's fields and marks it as used. KEYS: its hash. ARGV: now, staleness allowed.
local row = redis.call('HMGET', KEYS[1],
  'user', 'email', 'roles', 'created', 'used', 'expires', 'ip', 'agent', 'current')
local now = tonumber(ARGV[1])
if not row[1] or tonumber(row[6]) <= now then
  return nil
end
if now - tonumber(row[5]) >= tonumber(ARGV[2]) then
  -- A courtesy: on a server that is full or read-only the session is still good.
  redis.pcall('HSET', KEYS[1], 'used', ARGV[1])
  row[5] = ARGV[1]
end
return row
