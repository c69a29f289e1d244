-- Ends every session of a user but one. KEYS: the user's index. ARGV: the id to keep, or nothing.
local ended = 0
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if id ~= ARGV[1] then
    ended = ended + redis.call('DEL', 'aura:session:' .. id)
    redis.call('ZREM', KEYS[1], id)
  end
end
return ended
