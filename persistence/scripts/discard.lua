#!lua flags=allow-oom
-- discard: the payload of a large job was handed in, and Redis then refused the job. A job that was stored by an earlier
-- try keeps it. Not to be waited for: what is left expires.
-- KEYS[1]   tag of the function
-- ARGV[1]   id
-- Returns   "discarded"
-- @include beside
local id = ARGV[1]
discard_payload(id)
return "discarded"
