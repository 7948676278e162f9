-- ARGV: now, worker, host, class, free (how many can start now), running (how many do), lease in milliseconds.
-- Answers "drain" or "" or "alone", then for each job its id, token, line, plan, milliseconds waited, attempt, whether it
-- must run alone, how its result line begins, and what an earlier worker doubted.
-- "alone": a job waits that must run alone, and this worker is to end what it runs first.
local worker, host, own_class = ARGV[2], ARGV[3], ARGV[4]
local free, running, lease = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local kFloor = 20    -- one claim in so many begins with the lowest priority
local kLookedAt = 64 -- of the jobs that ran before

if redis.call('HGET', 'er:worker:' .. worker, 'drain') then return {'drain'} end

local function start(id, fields)
  local key = job_key(id)
  local estimate = math.floor(tonumber(redis.call('HGET', 'er:mean', fields.tenant) or kFirstEstimate))
  charge(fields.tenant, estimate)
  local token = redis.call('HINCRBY', key, 'token', 1)
  redis.call('HSET', key, 'state', 'leased', 'worker', worker, 'host', host, 'started', now, 'lease', lease, 'graced', 0,
    'estimate', estimate)
  redis.call('ZADD', 'er:leases', now + lease, id)
  redis.call('SADD', 'er:held:' .. worker, id)
  count_no_longer_waiting(id, fields.tenant)
  local losses, nacks = tonumber(fields.losses or '0'), tonumber(fields.nacks or '0')
  return {id, tostring(token), fields.line, fields.plan, tostring(now - tonumber(fields.submitted)),
    tostring(losses + nacks + 1), losses > 0 and '1' or '0', fields.head, fields.doubt or ''}
end

local function job_to_start(id)
  return job(id, 'tenant', 'line', 'plan', 'submitted', 'losses', 'nacks', 'class', 'tried', 'reserved', 'reserved_until',
    'head', 'doubt')
end

-- Jobs that ran before. One whose worker was lost may have ended it: it runs alone, so that it takes no other job along.
local word = ''
local function from_again()
  for _, id in ipairs(redis.call('ZRANGE', 'er:again', 0, kLookedAt - 1)) do
    local fields = job_to_start(id)
    local fits = fields.class == '' or fields.class == own_class
    if fits and fields.tried and has_line(fields.tried, host) then fits = all_live_hosts_are_in(fields.tried, fields.class) end
    if fits and tonumber(fields.losses or '0') > 0 and running > 0 then
      -- One worker ends what it runs for it, not all of them.
      local is_free = not fields.reserved or fields.reserved == worker or tonumber(fields.reserved_until) < now
      if is_free then
        redis.call('HSET', job_key(id), 'reserved', worker, 'reserved_until', now + lease)
        word = 'alone'
        return nil
      end
      fits = false
    end
    if fits then
      redis.call('ZREM', 'er:again', id)
      return id, fields
    end
  end
end

local function of_least_charged(priority)
  local best, best_group, least
  for _, class in ipairs(own_class == '' and {''} or {'', own_class}) do
    local group = priority .. ':' .. class
    local tenants = redis.call('SMEMBERS', 'er:tenants:' .. group)
    if #tenants > 0 then
      local charged = redis.call('HMGET', 'er:charged', unpack(tenants))
      for i, tenant in ipairs(tenants) do
        local value = tonumber(charged[i] or '0')
        if not least or value < least or (value == least and tenant < best) then
          best, best_group, least = tenant, group, value
        end
      end
    end
  end
  if not best then return nil end
  redis.call('SET', 'er:charged:now', least)
  local queue = 'er:queue:' .. best_group .. ':' .. best
  local id = redis.call('ZPOPMIN', queue)[1]
  if redis.call('EXISTS', queue) == 0 then redis.call('SREM', 'er:tenants:' .. best_group, best) end
  return id
end

local function from_queues()
  local order = {0, 1, 2}
  if redis.call('INCR', 'er:turns') % kFloor == 0 then order = {2, 1, 0} end
  for _, priority in ipairs(order) do
    local id = of_least_charged(priority)
    if id then return id, job_to_start(id) end
  end
end

local answer = {word}
for _ = 1, free do
  local id, fields = from_again()
  if not id and word == '' then id, fields = from_queues() end
  if not id then break end
  answer[#answer + 1] = start(id, fields)
  running = running + 1
  if tonumber(fields.losses or '0') > 0 then break end
end
answer[1] = word
return answer
