-- Lists a user's live sessions. KEYS: the user's index. ARGV: now.
local now, sessions = tonumber(ARGV[1]), {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local row = redis.call('HMGET', 'aura:session:' .. id,
    'user', 'email', 'roles', 'created', 'used', 'expires', 'ip', 'agent', 'current')
  if row[1] and tonumber(row[6]) > now then
    sessions[#sessions + 1] = { id, row }
  end
end
return sessions
