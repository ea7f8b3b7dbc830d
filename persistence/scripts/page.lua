#!lua flags=no-writes
-- page: some of a function's jobs, as a listing needs them: without their payloads, which would be most of it. What is
-- there from the first page to the last is on one of them; what comes or goes meanwhile may be, and even twice.
-- KEYS[1]   tag of the function
-- ARGV[1]   cursor       "0" for the first page, then what the page before returned
-- ARGV[2]   count        about how many jobs to look at
-- Returns   {cursor ("0": this was the last page), bytes of the records looked at,
--            then per job: id, retries, "background", "waited for" or "abandoned"}
-- @include record run
local cursor, count = ARGV[1], ARGV[2]

local function kind_of(id, record)
  if is_background(record) then return "background" end
  return redis.call("HEXISTS", listeners_key, id) == 1 and "waited for" or "abandoned"
end

local scanned = redis.call("HSCAN", jobs_key, cursor, "COUNT", count)
local answer, bytes = { scanned[1], 0 }, 0
for at = 1, #scanned[2], 2 do
  local id, record = scanned[2][at], scanned[2][at + 1]
  answer[#answer + 1] = id
  answer[#answer + 1] = run_of(id).charged
  answer[#answer + 1] = kind_of(id, record)
  bytes = bytes + #record
end
answer[2] = bytes
return answer
