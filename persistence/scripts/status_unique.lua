#!lua flags=no-writes,allow-cross-slot-keys
-- status_unique: what is known of a job that holds a unique, whatever its function: each is asked.
-- KEYS[1]   root of the prefix; the functions' tags are made of it
-- ARGV[1]   unique
-- Returns   "unknown" | {"waiting" or "running", function, id, numerator, denominator, listeners}
-- @include run
local unique = ARGV[1]
for _, digest in ipairs(redis.call("HKEYS", functions_key)) do
  local tag = string.sub(KEYS[1], 1, -2) .. ":" .. digest .. "}"
  local id = redis.call("HGET", uniques_key_of(tag), unique)
  if id then
    local run = run_in(redis.call("HGET", runs_key_of(tag), id))
    local listeners = redis.call("HGET", listeners_key_of(tag), id) or ""
    local name = redis.call("HGET", functions_key, digest)
    return { run.owner == "" and "waiting" or "running", name, id, run.numerator, run.denominator, listeners }
  end
end
return "unknown"
