#!lua flags=allow-oom
-- detach: nobody waits at this broker any more for these jobs. One that nobody waits for anywhere, and that is not
-- a background job, is dropped at once if it has not begun; if it runs, it ends unheard.
-- KEYS[1]   tag of the function
-- ARGV[1]   incarnation
-- ARGV[2]   generation
-- ARGV[3..] ids
-- Returns   "detached" | "fenced" | "stale"
-- @include guard record run listeners held unique forget
local incarnation, generation = ARGV[1], ARGV[2]

local refusal = standing(incarnation, generation)
if refusal then return refusal end
for at = 3, #ARGV do stop_waiting(ARGV[at], incarnation) end
return "detached"
