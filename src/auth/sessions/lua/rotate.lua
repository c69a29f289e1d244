-- Exchanges a refresh token for its child. The rules are those of chain.rs.
-- KEYS: the session's hash. ARGV: clock, id, token hash, grace, life without use, longest life, the
-- client's network and device, "client" or "anyone", then the children's hashes.
-- Answers 0 (no session), { user, email, roles, elsewhere } (reused, session ended), or
-- { child index, child hash, issued at, user, email, roles, created, elsewhere }, where elsewhere is
-- 1 for another network than the first, 2 for another device, 3 for both.
local grace, lifetime, max = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local first_child = 10
local row = redis.call('HMGET', KEYS[1],
  'user', 'email', 'roles', 'created', 'expires', 'current', 'chain', 'clients', 'used',
  'refreshed', 'used_before', 'expires_before')
local user, expires, current = row[1], row[5], row[6]
if not user or capped(tonumber(row[4]), tonumber(expires), max) <= now then
  return 0
end
local index_key = 'aura:sessions:' .. user

-- Used tokens, oldest first: "token,first used,child,child hash,child issued;...".
local used = {}
for token, first, child, hash, issued in string.gmatch(row[7], '(%x+),(%d+),(%d+),(%x+),(%d+);') do
  used[#used + 1] = { token, tonumber(first), tonumber(child), hash, tonumber(issued) }
end

-- The client that was given the child of each: "token,network,device;...". A field of its own,
-- because versions before this one read the other and know none of these: a token without a client
-- is anybody's.
local clients = {}
for token, network, device in string.gmatch(row[8] or '', '(%x+),(%x+),(%x+);') do
  clients[token] = { network, device }
end

local function answer(entry, elsewhere)
  return { entry[3], entry[4], entry[5], user, row[2], row[3], tonumber(row[4]), elsewhere }
end

local function finish(elsewhere)
  redis.call('DEL', KEYS[1])
  redis.call('ZREM', index_key, ARGV[2])
  return { user, row[2], row[3], elsewhere }
end

local function store(entry)
  clients[entry[1]] = { ARGV[7], ARGV[8] }
  local chain, marks = {}, {}
  for i, e in ipairs(used) do
    chain[i] = string.format('%s,%.0f,%d,%s,%.0f;', e[1], e[2], e[3], e[4], e[5])
    local client = clients[e[1]]
    if client then
      marks[#marks + 1] = e[1] .. ',' .. client[1] .. ',' .. client[2] .. ';'
    end
  end
  -- The times before it, which lists show until the grace is over; of several within one grace,
  -- those before the first.
  local used_before, expires_before = row[9], expires
  if row[10] and now - tonumber(row[10]) <= grace then
    used_before, expires_before = row[11], row[12]
  end
  local ends = capped(tonumber(row[4]), now + lifetime, max)
  redis.call('HSET', KEYS[1], 'chain', table.concat(chain), 'current', entry[4],
    'used', text(now), 'expires', text(ends), 'clients', table.concat(marks),
    'refreshed', text(now), 'used_before', used_before, 'expires_before', expires_before)
  redis.call('PEXPIRE', KEYS[1], text(ends - now))
  redis.call('ZADD', index_key, text(ends), ARGV[2])
  if redis.call('PTTL', index_key) < ends - now then
    redis.call('PEXPIRE', index_key, text(ends - now))
  end
  return answer(entry, 0)
end

if ARGV[3] == current then
  local kept = {}
  for _, e in ipairs(used) do
    if now - e[2] <= grace then
      kept[#kept + 1] = e
    end
  end
  if #kept >= 8 then
    table.remove(kept, 1)
  end
  used = kept
  used[#used + 1] = { ARGV[3], now, 0, ARGV[first_child], now }
  return store(used[#used])
end

for i, e in ipairs(used) do
  if e[1] == ARGV[3] then
    local parent = i == #used
    if now - e[2] <= grace or (parent and now - e[5] <= grace) then
      local client = clients[e[1]]
      local elsewhere = 0
      if client and client[1] ~= ARGV[7] then
        elsewhere = 1
      end
      if client and client[2] ~= ARGV[8] then
        elsewhere = elsewhere + 2
      end
      if elsewhere ~= 0 and ARGV[9] == 'client' then
        return finish(elsewhere)
      end
      return answer(e, elsewhere)
    end
    if parent then
      local child = ARGV[first_child + e[3] + 1]
      if child then
        e[3], e[4] = e[3] + 1, child
      end
      e[5] = now
      return store(e)
    end
    break
  end
end

return finish(0)
