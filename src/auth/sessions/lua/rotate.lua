-- Exchanges a refresh token for its child. The rules are those of chain.rs.
-- KEYS: the session's hash. ARGV: id, token hash, now, grace, lifetime, then the children's hashes.
-- Answers 0 (no session), { user, email, roles } (reused, session ended), or
-- { child index, child hash, issued at, user, email, roles, created }.
local now, grace, lifetime = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local first_child = 6
local row = redis.call('HMGET', KEYS[1],
  'user', 'email', 'roles', 'created', 'expires', 'current', 'chain')
local user, expires, current = row[1], row[5], row[6]
if not user or tonumber(expires) <= now then
  return 0
end
local index_key = 'aura:sessions:' .. user

-- Used tokens, oldest first: "token,first used,child,child hash,child issued;...".
local used = {}
for token, first, child, hash, issued in string.gmatch(row[7], '(%x+),(%d+),(%d+),(%x+),(%d+);') do
  used[#used + 1] = { token, tonumber(first), tonumber(child), hash, tonumber(issued) }
end

local function answer(entry)
  return { entry[3], entry[4], entry[5], user, row[2], row[3], tonumber(row[4]) }
end

local function store(entry)
  local text = {}
  for i, e in ipairs(used) do
    text[i] = string.format('%s,%.0f,%d,%s,%.0f;', e[1], e[2], e[3], e[4], e[5])
  end
  local ends = string.format('%.0f', now + lifetime)
  redis.call('HSET', KEYS[1], 'chain', table.concat(text), 'current', entry[4],
    'used', ARGV[3], 'expires', ends)
  redis.call('PEXPIRE', KEYS[1], lifetime)
  redis.call('ZADD', index_key, ends, ARGV[1])
  if redis.call('PTTL', index_key) < lifetime then
    redis.call('PEXPIRE', index_key, lifetime)
  end
  return answer(entry)
end

if ARGV[2] == current then
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
  used[#used + 1] = { ARGV[2], now, 0, ARGV[first_child], now }
  return store(used[#used])
end

for i, e in ipairs(used) do
  if e[1] == ARGV[2] then
    local parent = i == #used
    if now - e[2] <= grace or (parent and now - e[5] <= grace) then
      return answer(e)
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

redis.call('DEL', KEYS[1])
redis.call('ZREM', index_key, ARGV[1])
return { user, row[2], row[3] }
