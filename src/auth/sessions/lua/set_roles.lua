-- Gives a user's sessions other roles. KEYS: the user's index. ARGV: the roles.
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local key = 'aura:session:' .. id
  -- Not on a key that has just expired: HSET would make one that lives for ever.
  if redis.call('EXISTS', key) == 1 then
    redis.call('HSET', key, 'roles', ARGV[1])
  end
end
return redis.status_reply('OK')
