-- claim: hand the oldest job of one priority to an incarnation. Returns nil and whether the queue is now empty.
local function take(incarnation, number, priority)
  for _ = 1, GHOST_STEPS do
    local id = pop(priority)
    if not id then return nil, true end
    local record = redis.call("HGET", jobs_key, id)
    if record then
      local run = run_of(id)
      run.attempt, run.owner, run.said = run.attempt + 1, incarnation, 0
      keep_run(id, run)
      redis.call("ZADD", running_key(incarnation), number, id)
      redis.call("HINCRBY", function_key, "queued" .. priority, -1)
      return { id = id, record = record, attempt = run.attempt }
    end
    redis.call("HINCRBY", function_key, "ghosts" .. priority, -1)
  end
  return nil, false
end

-- What the broker needs of a claimed job. A record over `room` bytes is only named: it would hold up the notices
-- that share this connection, and the server cuts a subscriber whose answers pile up.
local function claimed(job, room, answer)
  local record, whole = job.record, "whole"
  if #record > room then record, whole = string.sub(record, 1, head_length(record)), "fetch" end
  local listeners = redis.call("HGET", listeners_key, job.id) or ""
  answer[#answer + 1] = job.id
  answer[#answer + 1] = job.attempt
  answer[#answer + 1] = listeners
  answer[#answer + 1] = whole
  answer[#answer + 1] = record
end
