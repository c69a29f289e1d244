-- Ends a session of a user. KEYS: its hash, the user's index. ARGV: id, user. Answers 1 if it was.
if redis.call('HGET', KEYS[1], 'user') ~= ARGV[2] then
  return 0
end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return 1
