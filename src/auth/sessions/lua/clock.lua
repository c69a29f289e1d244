-- The beginning of every script that needs a time. ARGV[1] is empty, or the moment of a manual clock.
-- Redis gives the time, never the caller: the clocks of two replicas differ.
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local function text(number)
  return string.format('%.0f', number)
end

-- The end of a session that began at `began` and would otherwise last until `until`; max is the
-- longest life, 0 for none.
local function capped(began, ends, max)
  if max > 0 then
    return math.min(ends, began + max)
  end
  return ends
end
