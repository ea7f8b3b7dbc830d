#!lua flags=allow-oom
-- due: queue the scheduled jobs whose time has come, by Redis's clock.
-- KEYS[1]   tag of the function
-- ARGV[1]   steps        how many jobs to move at most
-- Returns   milliseconds until the next one is due (0: more are due now), or -1 when none is scheduled
-- @include record notice queue
local steps = tonumber(ARGV[1])
local time = redis.call("TIME")
local now = tonumber(time[1])

for _, id in ipairs(redis.call("ZRANGEBYSCORE", scheduled_key, "-inf", now, "LIMIT", 0, steps)) do
  redis.call("ZREM", scheduled_key, id)
  redis.call("HINCRBY", function_key, "scheduled", -1)
  local record = redis.call("HGET", jobs_key, id)
  if record then announce(priority_of(record), push(id, priority_of(record)), 1) end
end
local next_one = redis.call("ZRANGE", scheduled_key, 0, 0, "WITHSCORES")
if #next_one == 0 then return -1 end
local seconds = tonumber(next_one[2]) - now
return math.max(0, math.min(seconds, 86400) * 1000 - math.floor(tonumber(time[2]) / 1000))
