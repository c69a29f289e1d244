-- Charges one call to several buckets: it passes all of them, or counts in none.
-- KEYS: for each bucket its counter and the mark that frees from it.
-- ARGV: the window in milliseconds; then for each bucket its limit, and 1 where the call counts.
-- Answers for each bucket: calls counted, milliseconds to the end of the window, 1 if refused.
local window = tonumber(ARGV[1])
local answer, refused = {}, false

for i = 1, #KEYS / 2 do
  local counter, mark = KEYS[2 * i - 1], KEYS[2 * i]
  local limit = tonumber(ARGV[2 * i])
  local used = tonumber(redis.call('GET', counter) or '0')
  local left = redis.call('PTTL', counter)
  if left < 0 then
    used, left = 0, window
  end
  local full = used >= limit and redis.call('EXISTS', mark) == 0
  answer[i] = { used, left, full and 1 or 0 }
  refused = refused or full
end

if not refused then
  for i = 1, #KEYS / 2 do
    if ARGV[2 * i + 1] == '1' then
      local counter = KEYS[2 * i - 1]
      answer[i][1] = redis.call('INCR', counter)
      if redis.call('PTTL', counter) < 0 then
        redis.call('PEXPIRE', counter, window)
      end
    end
  end
end

return answer
