-- Notes that the browser of a user's session is told anew how long to keep the cookie.
-- KEYS: its hash. ARGV: clock, user.
if redis.call('HGET', KEYS[1], 'user') == ARGV[2] then
  redis.call('HSET', KEYS[1], 'cookie_at', text(now))
end
return redis.status_reply('OK')
