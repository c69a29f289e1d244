-- Ends a session of a user. KEYS: its hash, the user's index. ARGV: clock, id, user. Answers 1 if it was
-- one that had not run out.
local row = redis.call('HMGET', KEYS[1], 'user', 'expires')
if row[1] ~= ARGV[3] then
  return 0
end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[2])
return tonumber(row[2]) > now and 1 or 0
