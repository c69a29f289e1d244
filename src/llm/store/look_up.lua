-- KEYS: generation, entry. ARGV: a new generation, its life in milliseconds.
-- Gives the generation, and what is kept under the key, whatever its generation.
local generation = redis.call('GET', KEYS[1])
if not generation then
  -- None yet, or it was evicted: then what was kept before is unknown.
  generation = ARGV[1]
  -- A server without room refuses; then nothing can be kept either.
  redis.pcall('SET', KEYS[1], generation, 'PX', ARGV[2])
end
return {generation, redis.call('GET', KEYS[2])}
