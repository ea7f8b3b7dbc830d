-- requeue: a run ended without a result. "suspect": its worker died, timed out or dropped it; the job goes to the
-- tail, charged with an attempt. "house": a broker gave it back; it goes to the head, uncharged.
-- Returns what became of it: "requeued", "dead" or "dropped".
local function bury(id, record, run)
  local now = redis.call("TIME")
  redis.call("ZADD", dead_key, now[1], id)
  redis.call("HSET", remains_key, id, record)
  forget(id, record, run, "dead")
end

local function requeue(id, record, run, manner, limit)
  if not is_background(record) and redis.call("HEXISTS", listeners_key, id) == 0 then
    forget(id, record, run, "dropped")
    return "dropped"
  end
  if manner == "suspect" then
    run.charged = math.min(run.charged + 1, 65535)
    if limit >= 0 and run.charged >= math.max(limit, 1) then
      mail_others(id, run.owner, "failed", "")
      bury(id, record, run)
      return "dead"
    end
  end
  redis.call("ZREM", running_key(run.owner), id)
  run.owner, run.numerator, run.denominator = "", 0, 0
  keep_run(id, run)
  local priority = priority_of(record)
  local length
  if manner == "suspect" then length = push(id, priority) else length = push_front(id, priority) end
  redis.call("HINCRBY", function_key, manner == "suspect" and "retried" or "requeued", 1)
  announce(priority, length)
  return "requeued"
end
