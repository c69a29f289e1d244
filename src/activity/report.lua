-- Tells what one replica has counted, and that it lives. Safe to repeat: values, no increments.
-- KEYS: the replicas, then a hash for each minute.
-- ARGV: the replica's id, its particulars, milliseconds until a silent replica is gone,
-- milliseconds that a minute is kept, then the numbers of each minute.
-- Gives 1 where the replica was not known.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local gone = string.format('%.0f', now - ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. gone)
local new = redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
for i = 2, #KEYS do
  redis.call('HSET', KEYS[i], ARGV[1], ARGV[i + 3])
  redis.call('PEXPIRE', KEYS[i], ARGV[4])
end
return new
