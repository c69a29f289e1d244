-- KEYS: generation, entry. ARGV: the generation of the look-up, the entry, its life in
-- milliseconds, the least life of the generation.
-- Gives 1 kept, 0 the generation is over, -1 no room.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
local kept = redis.pcall('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
if type(kept) == 'table' and kept.err then
  return -1
end
-- The generation outlives everything that is kept under it.
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
end
return 1
