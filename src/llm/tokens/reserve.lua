-- Reserves tokens of the day that the server's clock says, in UTC.
-- KEYS: tokens of the day by user, the day. ARGV: the user, the tokens that each user has (0: no
-- end), the least that the call will take, the most.
-- Gives the tokens reserved (0: refused), those used before, seconds to the end of the day, the day.
local now = tonumber(redis.call('TIME')[1])
local today = math.floor(now / 86400)
local left = (today + 1) * 86400 - now
if tonumber(redis.call('GET', KEYS[2]) or '-1') ~= today then
  redis.call('DEL', KEYS[1])
  redis.call('SET', KEYS[2], today, 'EX', 172800)
end
local limit, least, most = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local used = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or '0')
local amount = most
if limit > 0 then
  if used + least > limit then
    return {0, used, left, today}
  end
  amount = math.min(most, limit - used)
end
redis.call('ZINCRBY', KEYS[1], amount, ARGV[1])
redis.call('EXPIRE', KEYS[1], 172800)
return {amount, used, left, today}
