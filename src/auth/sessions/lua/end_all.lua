-- Ends sessions of a user. KEYS: the user's index. ARGV: clock, their ids, a bounded number.
-- Answers how many of them had not run out.
local ended = 0
for at = 2, #ARGV do
  local key = 'aura:session:' .. ARGV[at]
  if (tonumber(redis.call('HGET', key, 'expires') or 0)) > now then
    ended = ended + 1
  end
  redis.call('DEL', key)
  redis.call('ZREM', KEYS[1], ARGV[at])
end
return ended
