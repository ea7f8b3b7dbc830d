-- claim: hand the oldest jobs of one priority to an incarnation, numbered from `number` on. Returns them, at most
-- `count`, and whether the queue is now known to be empty.
local function take(incarnation, number, priority, count)
  local jobs, steps = {}, 0
  repeat
    local ids = pop(priority, math.min(count - #jobs, GHOST_STEPS - steps))
    if #ids == 0 then return jobs, true end
    local records, runs = redis.call("HMGET", jobs_key, unpack(ids)), redis.call("HMGET", runs_key, unpack(ids))
    local kept, ranked = {}, {}
    for at, id in ipairs(ids) do
      if records[at] then
        local run = run_in(runs[at])
        run.attempt, run.owner, run.said = run.attempt + 1, incarnation, 0
        kept[#kept + 1] = id
        kept[#kept + 1] = packed(run)
        ranked[#ranked + 1] = number + #jobs
        ranked[#ranked + 1] = id
        jobs[#jobs + 1] = { id = id, record = records[at], attempt = run.attempt }
      end
    end
    local found = #kept / 2
    if found > 0 then
      redis.call("HSET", runs_key, unpack(kept))
      redis.call("ZADD", running_key(incarnation), unpack(ranked))
      redis.call("HINCRBY", function_key, "queued" .. priority, -found)
    end
    if found < #ids then redis.call("HINCRBY", function_key, "ghosts" .. priority, found - #ids) end
    steps = steps + #ids
  until #jobs == count or steps >= GHOST_STEPS
  return jobs, false
end

-- What the broker needs of claimed jobs. A record over `room` bytes is only named: it would hold up the notices
-- that share this connection, and the server cuts a subscriber whose answers pile up. So is a payload beside its record.
local function put_claimed(answer, job, listeners, room)
  local record, whole = job.record, "whole"
  if is_beside(record) then whole = "fetch"
  elseif #record > room then record, whole = string.sub(record, 1, head_length(record)), "fetch" end
  answer[#answer + 1] = job.id
  answer[#answer + 1] = job.attempt
  answer[#answer + 1] = listeners
  answer[#answer + 1] = whole
  answer[#answer + 1] = record
end

local function claimed(jobs, room, answer)
  if #jobs == 0 then return end
  local ids = {}
  for at, job in ipairs(jobs) do ids[at] = job.id end
  local listeners = redis.call("HMGET", listeners_key, unpack(ids))
  for at, job in ipairs(jobs) do put_claimed(answer, job, listeners[at] or "", room) end
end
