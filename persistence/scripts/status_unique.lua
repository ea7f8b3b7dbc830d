#!lua flags=no-writes,allow-cross-slot-keys
-- status_unique: what is known of the newest job that holds a unique, whatever its function: each is asked.
-- KEYS[1]   root of the prefix; the functions' tags are made of it
-- ARGV[1]   unique
-- Returns   "unknown" | {"waiting" or "running", function, id, numerator, denominator, listeners}
-- @include held run
local unique = ARGV[1]

local function tag_of(digest) return string.sub(KEYS[1], 1, -2) .. ":" .. digest .. "}" end

local newest, digest, since
for _, asked in ipairs(redis.call("HKEYS", functions_key)) do
  local held = redis.call("HGET", uniques_key_of(tag_of(asked)), unique)
  if held and (not since or stamp_in(held) > since) then
    newest, digest, since = id_in(held), asked, stamp_in(held)
  end
end
if not newest then return "unknown" end

local tag = tag_of(digest)
local run = run_in(redis.call("HGET", runs_key_of(tag), newest))
local listeners = redis.call("HGET", listeners_key_of(tag), newest) or ""
local name = redis.call("HGET", functions_key, digest)
return { run.owner == "" and "waiting" or "running", name, newest, run.numerator, run.denominator, listeners }
