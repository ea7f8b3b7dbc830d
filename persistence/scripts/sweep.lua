#!lua flags=allow-oom
-- sweep: take ghosts out of a queue of which they are the greater part. In steps: called again while it has more.
-- Ids are moved from the head of the queue to a list of its own, without the ghosts; when all have been, that list
-- becomes the queue. Meanwhile a mark at the place where they stood leads claims to them, so the order stays.
-- KEYS[1]   tag of the function
-- ARGV[1]   steps        how many ids to look at
-- ARGV[2]   few          so many ghosts are left to the claims
-- Returns   "swept" (nothing more to do) | "more"
-- @include notice queue
local steps, few = tonumber(ARGV[1]), tonumber(ARGV[2])

-- What went back to the head while we swept stands before what was swept: put it there. False if it is too much.
local function gather_front(priority)
  local front = redis.call("LRANGE", queue_key(priority), 0, steps)
  for at = 1, #front do
    if front[at] == SWEPT_HERE then
      redis.call("LPOP", queue_key(priority), at)
      for back = at - 1, 1, -1 do redis.call("LPUSH", swept_key(priority), front[back]) end
      return true
    end
  end
  return false
end

local function sift(priority)
  local ghosts = 0
  for _, id in ipairs(redis.call("LPOP", queue_key(priority), steps) or {}) do
    if redis.call("HEXISTS", jobs_key, id) == 1 then redis.call("RPUSH", swept_key(priority), id)
    else ghosts = ghosts + 1 end
  end
  if ghosts > 0 then redis.call("HINCRBY", function_key, "ghosts" .. priority, -ghosts) end
  if redis.call("EXISTS", swept_key(priority)) == 0 then return end
  if redis.call("EXISTS", queue_key(priority)) == 0 then redis.call("RENAME", swept_key(priority), queue_key(priority))
  else redis.call("LPUSH", queue_key(priority), SWEPT_HERE) end
end

for priority = 0, 2 do
  local begun = redis.call("EXISTS", swept_key(priority)) == 1
  local ghosts = tonumber(redis.call("HGET", function_key, "ghosts" .. priority) or 0)
  local worth = ghosts > few and ghosts * 2 > redis.call("LLEN", queue_key(priority))
  if (begun and gather_front(priority)) or (worth and not begun) then
    sift(priority)
    return "more"
  end
end
return "swept"
