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

-- What stands behind the mark in `ids`, at that place, goes back; in its place comes the oldest id swept already.
local function unswept(priority, ids, at)
  for back = #ids, at + 1, -1 do redis.call("LPUSH", queue_key(priority), ids[back]) end
  local oldest = { unpack(ids, 1, at - 1) }
  oldest[at] = redis.call("LPOP", swept_key(priority)) or nil
  if redis.call("LLEN", swept_key(priority)) > 0 then redis.call("LPUSH", queue_key(priority), SWEPT_HERE) end
  return oldest
end

-- The oldest ids, ghosts or not, at most `count`; none when there is none.
local function pop(priority, count)
  local ids = redis.call("LPOP", queue_key(priority), count) or {}
  for at, id in ipairs(ids) do
    if id == SWEPT_HERE then
      local oldest = unswept(priority, ids, at)
      return #oldest > 0 and oldest or redis.call("LPOP", queue_key(priority), count) or {}
    end
  end
  return ids
end

-- So many ids were appended, and the queue is so long now: one notice for all, each of whom may wake somebody.
local function announce(priority, length, count)
  local wakes = math.min(count, NOTICE_DEPTH - length + count)
  if wakes > 0 then tell("q" .. priority .. (wakes > 1 and wakes or "")) end
end
