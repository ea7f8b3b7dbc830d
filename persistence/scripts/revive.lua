#!lua flags=allow-oom
-- revive: an operator lets a job run again that was given up. It goes to the tail of its queue, and nothing is charged to
-- it any more. Limits of queues are not asked: the job was accepted once. A repeat finds that it is not given up.
-- KEYS[1]   tag of the function
-- ARGV[1]   id
-- Returns   "revived" | "unknown" | "alive" (it is not given up) | "unmet" (nobody knows this function: it was dropped)
--           | {"held", id} (that job has its unique now)
-- @include record held unique run notice queue remains
local id = ARGV[1]

local remains = redis.call("HGET", remains_key, id)
if not remains and redis.call("HEXISTS", jobs_key, id) == 1 then return "alive" end
if not remains then return "unknown" end
if redis.call("HEXISTS", function_key, "name") == 0 then return "unmet" end
local record = record_in(remains)
local unique = unique_of(record)
local holder = holder_of(unique)
if holder then return { "held", holder } end

-- What is not counted among the dead is as new to this function: what runs is computed from these.
if not take_remains(id) then redis.call("HINCRBY", function_key, "submitted", 1) end
-- Who waited for it was told that it failed, so nobody waits for it now.
if not is_background(record) then record = string.char(string.byte(record) + 4) .. string.sub(record, 2) end
redis.call("HSET", jobs_key, id, record)
if unique ~= "" then hold(unique, id) end
-- Runs are numbered on: what the worker of an old one still says must not be taken for a word of the next.
local run = run_in(nil)
run.attempt = attempts_in(remains)
keep_run(id, run)
local priority = priority_of(record)
announce(priority, push(id, priority), 1)
return "revived"
