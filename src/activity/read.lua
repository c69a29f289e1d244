-- Gives the replicas that live, each with the milliseconds at which it was last seen, and the
-- numbers of each minute by replica.
-- KEYS: the replicas, then a hash for each minute. ARGV: milliseconds until a silent replica is
-- gone.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local gone = string.format('%.0f', now - ARGV[1])
local minutes = {}
for i = 2, #KEYS do
  minutes[i - 1] = redis.call('HGETALL', KEYS[i])
end
return {redis.call('ZRANGEBYSCORE', KEYS[1], gone, '+inf', 'WITHSCORES'), minutes}
