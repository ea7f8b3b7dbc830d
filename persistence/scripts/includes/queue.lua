-- queue: one list of ids per priority. Ids whose job is gone ("ghosts") may stand in it; claims step over them.
-- A broker that knows there is work keeps asking until a claim came back empty, and each claim that leaves work
-- behind wakes the next sleeper; so a queue that has stood non-empty needs no further notice. The depth is only
-- there so that while sleepers may outnumber the queued jobs, each job wakes one without waiting for the other.
local NOTICE_DEPTH = 128
local GHOST_STEPS = 100

-- While a queue is swept, this stands in it for the ids swept already, which wait in a list of their own.
local SWEPT_HERE = ""

local function push(id, priority)
  redis.call("HINCRBY", function_key, "queued" .. priority, 1)
  return redis.call("RPUSH", queue_key(priority), id)
end

local function push_front(id, priority)
  redis.call("HINCRBY", function_key, "queued" .. priority, 1)
  return redis.call("LPUSH", queue_key(priority), id)
end

-- The oldest id, ghost or not; false when there is none.
local function pop(priority)
  local id = redis.call("LPOP", queue_key(priority))
  if id ~= SWEPT_HERE then return id end
  id = redis.call("LPOP", swept_key(priority))
  if redis.call("LLEN", swept_key(priority)) > 0 then redis.call("LPUSH", queue_key(priority), SWEPT_HERE) end
  return id or redis.call("LPOP", queue_key(priority))
end

local function announce(priority, length)
  if length <= NOTICE_DEPTH then tell("q" .. priority) end
end
