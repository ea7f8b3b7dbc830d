-- run: what changes about a job once it was handed out: attempt (every claim counts), charged (those that count
-- against the job), numerator, denominator, said (the number of the last piece it sent to listeners elsewhere), and
-- the incarnation that runs it, if any does.
local RUN = ">I4I2I4I4I4"
local RUN_LENGTH = 18

local function run_in(packed)
  if not packed then
    return { attempt = 0, charged = 0, numerator = 0, denominator = 0, said = 0, owner = "" }
  end
  local attempt, charged, numerator, denominator, said = struct.unpack(RUN, packed)
  return { attempt = attempt, charged = charged, numerator = numerator, denominator = denominator, said = said,
           owner = string.sub(packed, RUN_LENGTH + 1) }
end

-- A job that was never handed out, in the hands of this incarnation.
local function first_run(incarnation) return struct.pack(RUN, 1, 0, 0, 0, 0) .. incarnation end

local function is_run_of(packed, incarnation, attempt)
  return packed and string.sub(packed, RUN_LENGTH + 1) == incarnation and struct.unpack(">I4", packed) == attempt
end

local function run_of(id) return run_in(redis.call("HGET", runs_key, id)) end

local function packed(run)
  return struct.pack(RUN, run.attempt, run.charged, run.numerator, run.denominator, run.said) .. run.owner
end

local function keep_run(id, run) redis.call("HSET", runs_key, id, packed(run)) end
