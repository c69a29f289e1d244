-- KEYS: tokens of the day by user, the day. ARGV: a user, a number of others.
-- Gives the tokens of the user today, seconds to the end of the day, and the users with the most.
local now = tonumber(redis.call('TIME')[1])
local today = math.floor(now / 86400)
local left = (today + 1) * 86400 - now
if tonumber(redis.call('GET', KEYS[2]) or '-1') ~= today then
  return {0, left, {}}
end
local used = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or '0')
return {used, left, redis.call('ZREVRANGE', KEYS[1], 0, tonumber(ARGV[2]) - 1, 'WITHSCORES')}
