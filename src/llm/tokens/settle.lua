-- KEYS: tokens of the day by user, the day. ARGV: the user, the day of the reservation, the tokens
-- that were used beyond it, or less than it.
if redis.call('GET', KEYS[2]) ~= ARGV[2] then
  return 0
end
if tonumber(redis.call('ZINCRBY', KEYS[1], ARGV[3], ARGV[1])) <= 0 then
  redis.call('ZREM', KEYS[1], ARGV[1])
end
return 1
