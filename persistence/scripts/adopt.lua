#!lua
-- adopt: take a job over from another server's queue, once. What was taken over before under the same mark is left
-- alone, also when that job is over, so this may be repeated at any time and by anybody. Limits of queues are not
-- asked: the job was accepted once.
-- KEYS[1]   tag of the function
-- ARGV[1]   id
-- ARGV[2]   record
-- ARGV[3]   run_at       unix seconds, or "" for at once
-- ARGV[4]   mark         tells this job of that queue from others: 16 bytes, evenly spread
-- ARGV[5]   keep_seconds how long marks are remembered from the last one on
-- ARGV[6]   trial        "1": only say what would be done
-- Returns   "queued" | "scheduled" | "new" (in a trial)
--           | "unmet" (nobody knows this function: introduce it and come again)
--           | "bare" (the payload, handed in beside the record, is not there: hand in both again)
--           | {"known", id} (it was taken over as this id) | {"joined", id, "running" or "waiting"}
--           (that job holds its unique; in a trial without the last word)
-- @include record beside held unique run notice queue listeners join
local id, record, run_at, mark, keep_seconds, trial = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]

-- In parts, so that no single key grows large enough to stop the server when it expires.
local part = imported_key(string.format("%02x", string.byte(mark)))
local known = redis.call("HGET", part, mark)
local unique, beside = unique_of(record), is_beside(record)
local holder = holder_of(unique)
if beside and (known or holder) then discard_payload(id) end
if known then return { "known", known } end
if trial == "1" then return holder and { "joined", holder } or "new" end

if redis.call("HEXISTS", function_key, "name") == 0 then return "unmet" end
if beside and not holder and not has_payload(id) then return "bare" end
redis.call("HSET", part, mark, id)
redis.call("EXPIRE", part, keep_seconds)
if holder then return join(holder, record, "", "") end
redis.call("HSET", jobs_key, id, record)
if beside then keep_payload(id) end
if unique ~= "" then hold(unique, id) end
redis.call("HINCRBY", function_key, "submitted", 1)
if run_at ~= "" and tonumber(run_at) > tonumber(redis.call("TIME")[1]) then
  schedule(id, run_at)
  return "scheduled"
end
local priority = priority_of(record)
announce(priority, push(id, priority), 1)
return "queued"
