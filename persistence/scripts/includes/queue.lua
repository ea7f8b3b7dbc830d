-- queue: one list of ids per priority. Ids whose job is gone ("ghosts") may stand in it; claims step over them.
-- A broker that knows there is work keeps asking until a claim came back empty, and each claim that leaves work
-- behind wakes the next sleeper; so a queue that has stood non-empty needs no further notice. The depth is only
-- there so that while sleepers may outnumber the queued jobs, each job wakes one without waiting for the other.
local NOTICE_DEPTH = 128
local GHOST_STEPS = 100

local function push(id, priority)
  redis.call("HINCRBY", function_key, "queued" .. priority, 1)
  return redis.call("RPUSH", queue_key(priority), id)
end

local function push_front(id, priority)
  redis.call("HINCRBY", function_key, "queued" .. priority, 1)
  return redis.call("LPUSH", queue_key(priority), id)
end

local function announce(priority, length)
  if length <= NOTICE_DEPTH then tell("q" .. priority) end
end
