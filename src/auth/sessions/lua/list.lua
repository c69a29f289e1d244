-- Gives a page of a user's live sessions, the last to expire first, and how many there are.
-- KEYS: the user's index. ARGV: now, grace, how many to leave out, how many to give.
local now, grace, live = tonumber(ARGV[1]), tonumber(ARGV[2]), '(' .. ARGV[1]
local sessions = {}
local ids = redis.call('ZREVRANGEBYSCORE', KEYS[1], '+inf', live, 'LIMIT', ARGV[3], ARGV[4])
for _, id in ipairs(ids) do
  local row = redis.call('HMGET', 'aura:session:' .. id,
    'user', 'email', 'roles', 'created', 'used', 'expires', 'ip', 'agent', 'current',
    'refreshed', 'used_before', 'expires_before')
  if row[1] and tonumber(row[6]) > now then
    -- What a refresh changed is shown when its grace is over.
    if row[10] and now - tonumber(row[10]) <= grace then
      row[5], row[6] = row[11], row[12]
    end
    sessions[#sessions + 1] = { id, { unpack(row, 1, 9) } }
  end
end
return { redis.call('ZCOUNT', KEYS[1], live, '+inf'), sessions }
