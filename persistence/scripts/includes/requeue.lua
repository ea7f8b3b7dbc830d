-- requeue: a run ended without a result. "suspect": its worker died, timed out or dropped it; the job goes to the
-- tail, charged with an attempt. "house": a broker gave it back; it goes to the head, uncharged, and with the progress
-- it had made, for it may be the broker that died and not the worker.
-- Returns what became of it: "requeued", "dead" or "dropped".
local function requeue(id, record, run, manner, limit)
  if not is_background(record) and redis.call("HEXISTS", listeners_key, id) == 0 then
    forget(id, record, run, "dropped")
    return "dropped"
  end
  local suspect = manner == "suspect"
  if suspect then
    run.charged = math.min(run.charged + 1, 65535)
    if limit >= 0 and run.charged >= math.max(limit, 1) then
      mail_others(id, run.owner, "failed", "")
      keep_remains(id, record, run)
      forget(id, record, run, "dead")
      return "dead"
    end
    run.numerator, run.denominator = 0, 0
  end
  redis.call("ZREM", running_key(run.owner), id)
  run.owner = ""
  keep_run(id, run)
  local priority = priority_of(record)
  local length
  if suspect then length = push(id, priority) else length = push_front(id, priority) end
  redis.call("HINCRBY", function_key, suspect and "retried" or "requeued", 1)
  announce(priority, length, 1)
  return "requeued"
end
