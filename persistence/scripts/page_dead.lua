#!lua flags=no-writes
-- page_dead: some of a function's jobs that were given up, as a listing needs them (see page).
-- KEYS[1]   tag of the function
-- ARGV[1]   cursor       "0" for the first page, then what the page before returned
-- ARGV[2]   count        about how many jobs to look at
-- Returns   {cursor ("0": this was the last page), bytes of the remains looked at,
--            then per job: id, unix seconds at which it was given up, attempts}
-- @include remains
local cursor, count = ARGV[1], ARGV[2]

local scanned = redis.call("HSCAN", remains_key, cursor, "COUNT", count)
local answer, bytes = { scanned[1], 0 }, 0
for at = 1, #scanned[2], 2 do
  local id, remains = scanned[2][at], scanned[2][at + 1]
  answer[#answer + 1] = id
  answer[#answer + 1] = tonumber(redis.call("ZSCORE", dead_key, id) or 0)
  answer[#answer + 1] = attempts_in(remains)
  bytes = bytes + #remains
end
answer[2] = bytes
return answer
