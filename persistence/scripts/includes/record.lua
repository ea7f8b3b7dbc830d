-- record: what never changes about a job, packed by the broker (persistence/records.py says the same in Python):
--   byte 1     priority (0 high, 1 normal, 2 low) + 4 if background + 8 if the payload is beside it (see beside)
--   byte 2     length of the unique      byte 3  length of the reducer
--   bytes 4-7  unix seconds at the submitting broker, for people to read
--   then       unique, reducer, payload (unless it is beside it)
local function priority_of(record) return string.byte(record) % 4 end
local function is_background(record) return string.byte(record) % 8 >= 4 end
local function is_beside(record) return string.byte(record) >= 8 end
local function unique_of(record) return string.sub(record, 8, 7 + string.byte(record, 2)) end
local function head_length(record) return 7 + string.byte(record, 2) + string.byte(record, 3) end
