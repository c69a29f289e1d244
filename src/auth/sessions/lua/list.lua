-- Gives a page of a user's live sessions, the last to expire first, and how many there are.
-- KEYS: the user's index. ARGV: clock, grace, how many to leave out, how many to give, longest life.
local grace, live = tonumber(ARGV[2]), '(' .. text(now)
local offset, limit, max = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

-- The order is that of the expiries that are shown: a session that moved to the front at the moment of
-- its refresh would tell the holder of an old pair when to race. No more than 200 are looked at, to
-- bound the script.
local scored = redis.call('ZREVRANGEBYSCORE', KEYS[1], '+inf', live, 'WITHSCORES')
local total = #scored / 2
local order, moved = {}, false
for i = 1, total do
  local id, expires = scored[2 * i - 1], tonumber(scored[2 * i])
  if i <= 200 then
    local row = redis.call('HMGET', 'aura:session:' .. id, 'refreshed', 'expires_before')
    if row[1] and now - tonumber(row[1]) <= grace then
      expires, moved = tonumber(row[2]), true
    end
  end
  order[i] = { id, expires }
end
if moved then
  table.sort(order, function(a, b)
    if a[2] ~= b[2] then
      return a[2] > b[2]
    end
    return a[1] > b[1]
  end)
end

local sessions = {}
for i = offset + 1, math.min(offset + limit, total) do
  local id = order[i][1]
  local row = redis.call('HMGET', 'aura:session:' .. id,
    'user', 'email', 'roles', 'created', 'used', 'expires', 'ip', 'agent', 'current',
    'refreshed', 'used_before', 'expires_before')
  if row[1] and tonumber(row[6]) > now then
    -- The changes of a refresh are shown when its grace is over.
    if row[10] and now - tonumber(row[10]) <= grace then
      row[5], row[6] = row[11], row[12]
    end
    row[6] = text(capped(tonumber(row[4]), tonumber(row[6]), max))
    sessions[#sessions + 1] = { id, { unpack(row, 1, 9) } }
  end
end
return { total, sessions }
