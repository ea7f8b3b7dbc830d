#!lua
-- introduce: a function is known from now on, by its name. No submit is stored before that, so that whoever walks over
-- all functions misses none that has jobs.
-- KEYS[1]   tag of the function
-- ARGV[1]   name
-- Returns   "known"
local name = ARGV[1]
redis.call("HSET", function_key, "name", name)
redis.call("PERSIST", incarnations_key)
return "known"
