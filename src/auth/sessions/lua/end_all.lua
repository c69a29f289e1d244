-- Ends sessions of a user. KEYS: the user's index. ARGV: their ids, a bounded number.
local ended = 0
for _, id in ipairs(ARGV) do
  ended = ended + redis.call('DEL', 'aura:session:' .. id)
  redis.call('ZREM', KEYS[1], id)
end
return ended
