-- claim: hand the oldest jobs of one priority to an incarnation, and append what the broker needs of each to an answer.

-- A record over `room` bytes is only named: it would hold up the notices that share this connection, and the server cuts
-- a subscriber whose answers pile up. So is a payload beside its record.
local function put_claimed(answer, id, attempt, joined, record, room)
  local whole = "whole"
  if is_beside(record) then whole = "fetch"
  elseif #record > room then record, whole = string.sub(record, 1, head_length(record)), "fetch" end
  local at = #answer
  answer[at + 1], answer[at + 2], answer[at + 3], answer[at + 4], answer[at + 5] = id, attempt, joined, whole, record
end

-- Begin those of these jobs that are there, numbered from `number` on. Returns how many.
local function begin(ids, incarnation, number, room, answer)
  local records, runs = redis.call("HMGET", jobs_key, unpack(ids)), redis.call("HMGET", runs_key, unpack(ids))
  local joined, first, kept, ranked, found = joined_by(ids), first_run(incarnation), {}, {}, 0
  for at, id in ipairs(ids) do
    local record, run, attempt = records[at], runs[at], 1
    if record then
      if run then
        run = run_in(run)
        attempt = run.attempt + 1
        run.attempt, run.owner, run.said = attempt, incarnation, 0
        run = packed(run)
      end
      local place = 2 * found
      kept[place + 1], kept[place + 2] = id, run or first
      ranked[place + 1], ranked[place + 2] = number + found, id
      found = found + 1
      put_claimed(answer, id, attempt, joined[at] or "", record, room)
    end
  end
  if found > 0 then
    redis.call("HSET", runs_key, unpack(kept))
    redis.call("ZADD", running_key(incarnation), unpack(ranked))
  end
  return found
end

-- Returns how many were handed out, at most `count`, and whether the queue is now known to be empty.
local function take(incarnation, number, priority, count, room, answer)
  local taken, steps = 0, 0
  repeat
    local ids = pop(priority, math.min(count - taken, GHOST_STEPS - steps))
    if #ids == 0 then return taken, true end
    local found = begin(ids, incarnation, number + taken, room, answer)
    if found > 0 then redis.call("HINCRBY", function_key, "queued" .. priority, -found) end
    if found < #ids then redis.call("HINCRBY", function_key, "ghosts" .. priority, found - #ids) end
    taken, steps = taken + found, steps + #ids
  until taken == count or steps >= GHOST_STEPS
  return taken, false
end
