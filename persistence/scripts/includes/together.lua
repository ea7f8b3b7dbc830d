-- together: store many jobs at once, each place touched once for all of them. Returns their answers; or nil, with
-- nothing done, when one of them is more than a new job for now with a unique of its own, or the function is new or may be full: then
-- each is done by itself.
local PARTS = 6

local function orders_in(ARGV)
  local orders, uniques, same = {}, {}, {}
  for at = 5, #ARGV, PARTS do
    local record = ARGV[at + 2]
    local order = { number = tonumber(ARGV[at]), id = ARGV[at + 1], record = record, run_at = ARGV[at + 3],
                    waits = ARGV[at + 4] == "1", handoff = tonumber(ARGV[at + 5]),
                    unique = unique_of(record), priority = priority_of(record), beside = is_beside(record) }
    if order.unique ~= "" then
      if same[order.unique] then return nil end
      same[order.unique] = true
      uniques[#uniques + 1] = order.unique
    end
    orders[#orders + 1] = order
  end
  return orders, uniques
end

-- Whether they are the next numbers, none of them missing or repeated, and all for now, with all they are about.
local function follow(orders, highest)
  for at, order in ipairs(orders) do
    if order.number ~= highest + at or order.run_at ~= "" then return false end
    if order.beside and not has_payload(order.id) then return false end
  end
  return true
end

local function any_held(uniques)
  if #uniques == 0 then return false end
  for _, holder in ipairs(redis.call("HMGET", uniques_key, unpack(uniques))) do
    if holder then return true end
  end
  return false
end

local function store_all(orders, incarnation)
  local jobs, held, awaited, listeners = {}, {}, {}, {}
  for _, order in ipairs(orders) do
    jobs[#jobs + 1] = order.id
    jobs[#jobs + 1] = order.record
    if order.beside then keep_payload(order.id) end
    if order.unique ~= "" then
      held[#held + 1] = order.unique
      held[#held + 1] = holding_now(order.id)
    end
    if order.waits then
      awaited[#awaited + 1] = order.id
      listeners[#listeners + 1] = order.id
      listeners[#listeners + 1] = incarnation
    end
  end
  redis.call("HSET", jobs_key, unpack(jobs))
  if #held > 0 then redis.call("HSET", uniques_key, unpack(held)) end
  if #awaited > 0 then
    redis.call("HSET", listeners_key, unpack(listeners))
    redis.call("SADD", attending_key(incarnation), unpack(awaited))
  end
  redis.call("HINCRBY", function_key, "submitted", #orders)
end

-- Returns, by priority, how many ids were appended and how long the queue is now.
local function push_all(orders)
  local appended, lengths, ids = {}, {}, {}
  for _, order in ipairs(orders) do
    local queue = ids[order.priority] or {}
    ids[order.priority] = queue
    queue[#queue + 1] = order.id
  end
  for priority, queue in pairs(ids) do
    redis.call("HINCRBY", function_key, "queued" .. priority, #queue)
    lengths[priority] = redis.call("RPUSH", queue_key(priority), unpack(queue))
    appended[priority] = #queue
  end
  return appended, lengths
end

-- The oldest job of the best priority, for a submit that asked for it; and which priority that is.
local function hand_off(order, incarnation, room)
  for level = 0, 2 do
    local jobs, empty = take(incarnation, order.handoff, level, 1)
    if #jobs > 0 then
      local answer = { "handed" }
      claimed(jobs, room, answer)
      return answer, level
    end
    if not empty then break end
  end
  return "queued"
end

-- One job for a worker that waits for it, and nothing before it: it need not go through a queue. Nil if something is.
local function straight(order, incarnation, room)
  local queues = {}
  for level = 0, order.priority do queues[#queues + 1] = queue_key(level) end
  if redis.call("EXISTS", unpack(queues)) > 0 then return nil end
  local run = run_in(nil)
  run.attempt, run.owner = 1, incarnation
  keep_run(order.id, run)
  redis.call("ZADD", running_key(incarnation), order.handoff, order.id)
  local answer = { "handed" }
  put_claimed(answer, { id = order.id, record = order.record, attempt = 1 }, order.waits and incarnation or "", room)
  return answer
end

local function together(ARGV)
  local incarnation, generation, room = ARGV[1], ARGV[2], tonumber(ARGV[4])
  local refusal, entry = standing(incarnation, generation)
  local highest, gaps = numbers_of(entry)
  local orders, uniques = orders_in(ARGV)
  if refusal or generation == "0" or gaps ~= "" or not orders or not follow(orders, highest) then return nil end
  local known = redis.call("HMGET", function_key, "name", "limits")
  if not known[1] or known[2] or any_held(uniques) then return nil end

  redis.call("HSET", incarnations_key, incarnation, generation .. " " .. string.format("%.0f", highest + #orders))
  store_all(orders, incarnation)
  if #orders == 1 and orders[1].handoff then
    local answer = straight(orders[1], incarnation, room)
    if answer then return { answer } end
  end
  local appended, lengths = push_all(orders)
  local answers = {}
  for at, order in ipairs(orders) do
    local level
    answers[at] = "queued"
    if order.handoff then answers[at], level = hand_off(order, incarnation, room) end
    if level and appended[level] then
      appended[level], lengths[level] = appended[level] - 1, lengths[level] - 1
    end
  end
  for priority, count in pairs(appended) do
    announce(priority, lengths[priority], count)
    stop_listing_uniques(lengths[priority], count)
  end
  return answers
end
