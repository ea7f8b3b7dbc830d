-- forget: take a job out of every place but the queue lists, where its id becomes a ghost. `ended` names the
-- counter of what became of it. Its unique is free at the same moment. What is dead keeps the payload beside its record.
local function leave_places(id, record, run)
  if run.owner ~= "" then
    redis.call("ZREM", running_key(run.owner), id)
  elseif redis.call("ZREM", scheduled_key, id) == 1 then
    redis.call("HINCRBY", function_key, "scheduled", -1)
  else
    redis.call("HINCRBY", function_key, "queued" .. priority_of(record), -1)
    redis.call("HINCRBY", function_key, "ghosts" .. priority_of(record), 1)
  end
end

local function forget(id, record, run, ended)
  leave_places(id, record, run)
  redis.call("HDEL", jobs_key, id)
  if is_beside(record) and ended ~= "dead" then redis.call("UNLINK", payload_key(id)) end
  if run.attempt > 0 then redis.call("HDEL", runs_key, id) end
  release(unique_of(record), id)
  local joined = redis.call("HGET", listeners_key, id)
  if joined then
    for listener in each_listener(joined) do redis.call("SREM", attending_key(listener), id) end
    redis.call("HDEL", listeners_key, id)
  end
  redis.call("HINCRBY", function_key, ended, 1)
end

-- An incarnation listens to this job no more. If nobody does then, and it is not a background job, it is dropped,
-- unless it runs: then it ends unheard.
local function stop_waiting(id, incarnation)
  if detach(id, incarnation) > 0 then return end
  local record = redis.call("HGET", jobs_key, id)
  if not record or is_background(record) then return end
  local run = run_of(id)
  if run.owner == "" then forget(id, record, run, "dropped") end
end
