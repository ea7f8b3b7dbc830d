-- together: store many jobs at once, each place touched once for all of them. Returns their answers; or nil, with
-- nothing done, when one of them is more than a new job for now with a unique of its own, or the function is new or may
-- be full: then each is done by itself.
local PARTS = 6

-- What goes where; or nil, when one of them is not the next number, or not for now, or not there with all it is about.
local function plain_orders(ARGV, highest)
  local orders = { jobs = {}, uniques = {}, holders = {}, awaited = {}, payloads = {}, queues = {}, handoffs = {} }
  local jobs, uniques, queues, same = orders.jobs, orders.uniques, orders.queues, {}
  local count = 0
  for at = 5, #ARGV, PARTS do
    local id, record = ARGV[at + 1], ARGV[at + 2]
    local unique, priority = unique_of(record), priority_of(record)
    count = count + 1
    if tonumber(ARGV[at]) ~= highest + count or ARGV[at + 3] ~= "" or same[unique] then return nil end
    if is_beside(record) then
      if not has_payload(id) then return nil end
      orders.payloads[#orders.payloads + 1] = id
    end
    jobs[2 * count - 1], jobs[2 * count] = id, record
    if unique ~= "" then
      same[unique] = true
      uniques[#uniques + 1], orders.holders[#uniques + 1] = unique, id
    end
    if ARGV[at + 4] == "1" then orders.awaited[#orders.awaited + 1] = id end
    if ARGV[at + 5] ~= "" then orders.handoffs[count] = tonumber(ARGV[at + 5]) end
    local queue = queues[priority] or {}
    queues[priority], queue[#queue + 1] = queue, id
  end
  orders.count = count
  return orders
end

local function any_held(uniques)
  if #uniques == 0 then return false end
  for _, holder in ipairs(redis.call("HMGET", uniques_key, unpack(uniques))) do
    if holder then return true end
  end
  return false
end

local function store_all(orders, incarnation)
  redis.call("HSET", jobs_key, unpack(orders.jobs))
  for _, id in ipairs(orders.payloads) do keep_payload(id) end
  local held, listeners = {}, {}
  for at, unique in ipairs(orders.uniques) do held[2 * at - 1], held[2 * at] = unique, holding_now(orders.holders[at]) end
  for at, id in ipairs(orders.awaited) do listeners[2 * at - 1], listeners[2 * at] = id, incarnation end
  if #held > 0 then redis.call("HSET", uniques_key, unpack(held)) end
  if #listeners > 0 then
    redis.call("HSET", listeners_key, unpack(listeners))
    redis.call("SADD", attending_key(incarnation), unpack(orders.awaited))
  end
  redis.call("HINCRBY", function_key, "submitted", orders.count)
end

-- Returns, by priority, how many ids were appended and how long the queue is now.
local function push_all(queues)
  local appended, lengths = {}, {}
  for priority, ids in pairs(queues) do
    redis.call("HINCRBY", function_key, "queued" .. priority, #ids)
    lengths[priority] = redis.call("RPUSH", queue_key(priority), unpack(ids))
    appended[priority] = #ids
  end
  return appended, lengths
end

-- The oldest job of the best priority, for a submit that asked for it; and which priority that is.
local function hand_off(number, incarnation, room)
  local answer = { "handed" }
  for level = 0, 2 do
    local taken, empty = take(incarnation, number, level, 1, room, answer)
    if taken > 0 then return answer, level end
    if not empty then break end
  end
  return "queued"
end

-- One job for a worker that waits for it, and nothing before it: it need not go through a queue. Nil if something is.
local function straight(orders, incarnation, room)
  local id, record, queues = orders.jobs[1], orders.jobs[2], {}
  for level = 0, priority_of(record) do queues[#queues + 1] = queue_key(level) end
  if redis.call("EXISTS", unpack(queues)) > 0 then return nil end
  redis.call("HSET", runs_key, id, first_run(incarnation))
  redis.call("ZADD", running_key(incarnation), orders.handoffs[1], id)
  local answer = { "handed" }
  put_claimed(answer, id, 1, #orders.awaited > 0 and incarnation or "", record, room)
  return answer
end

local function together(ARGV)
  local incarnation, generation, room = ARGV[1], ARGV[2], tonumber(ARGV[4])
  local refusal, entry = standing(incarnation, generation)
  local highest, gaps = numbers_of(entry)
  if refusal or generation == "0" or gaps ~= "" then return nil end
  local orders = plain_orders(ARGV, highest)
  local known = orders and redis.call("HMGET", function_key, "name", "limits")
  if not known or not known[1] or known[2] or any_held(orders.uniques) then return nil end

  local entry_now = generation .. " " .. string.format("%.0f", highest + orders.count)
  redis.call("HSET", incarnations_key, incarnation, entry_now)
  store_all(orders, incarnation)
  if orders.count == 1 and orders.handoffs[1] then
    local answer = straight(orders, incarnation, room)
    if answer then return { answer } end
  end
  local appended, lengths = push_all(orders.queues)
  local answers = {}
  for at = 1, orders.count do
    local number, level = orders.handoffs[at], nil
    answers[at] = "queued"
    if number then answers[at], level = hand_off(number, incarnation, room) end
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
