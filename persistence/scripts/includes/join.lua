-- join: the parts of a submit that are not the plain case.
local function listen(id, incarnation, waits)
  local run = run_of(id)
  if waits == "1" and attach(id, incarnation) and run.owner ~= "" and run.owner ~= incarnation then tell("a" .. id) end
  return run.owner ~= "" and "running" or "waiting"
end

-- A background submit that meets a job somebody waits for makes it a background job; background never turns back.
local function join(holder, record, incarnation, waits)
  if is_background(record) then
    local held = redis.call("HGET", jobs_key, holder)
    if held and not is_background(held) then
      redis.call("HSET", jobs_key, holder, string.char(string.byte(held) + 4) .. string.sub(held, 2))
    end
  end
  redis.call("HINCRBY", function_key, "coalesced", 1)
  return { "joined", holder, listen(holder, incarnation, waits) }
end

local function answer_repeat(id, unique, incarnation, waits)
  if redis.call("HEXISTS", jobs_key, id) == 1 then
    return { "joined", id, listen(id, incarnation, waits) }
  end
  local holder = holder_of(unique)
  if holder then return { "joined", holder, listen(holder, incarnation, waits) } end
  return "gone"
end

-- Limits are kept as "<high> <normal> <low>", 0 for none; each is compared with all jobs of the function.
local function is_full(limits, priority)
  if not limits then return false end
  local limit = ({ string.match(limits, "^(%d+) (%d+) (%d+)$") })[priority + 1]
  if not limit or limit == "0" then return false end
  local f = redis.call("HMGET", function_key, "submitted", "completed", "failed", "dead", "dropped")
  local live = (f[1] or 0) - (f[2] or 0) - (f[3] or 0) - (f[4] or 0) - (f[5] or 0)
  return live >= tonumber(limit)
end

local function schedule(id, run_at)
  redis.call("ZADD", scheduled_key, run_at, id)
  redis.call("HINCRBY", function_key, "scheduled", 1)
  if redis.call("ZRANGE", scheduled_key, 0, 0)[1] == id then tell("s") end
end
