-- What all scripts have in common. A script is one step: no other client's command runs between two of its lines.
-- The keys are listed in docs/fleet.md.

-- Of the server, in milliseconds: no host's clock matters. A test brings its own.
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local kKeepSeconds = 7 * 24 * 3600  -- results, and what is known of finished jobs
local kWorkerIsAlive = 60000        -- milliseconds since its last beat
local kWorkerIsKnown = 3600000      -- the same, after which nobody speaks of it
local kFirstEstimate = 10000        -- microseconds of CPU time, of a tenant nothing is known of

local function job_key(id) return 'er:job:' .. id end

local function count(what) redis.call('HINCRBY', 'er:stats', what, 1) end

-- Tenants share by measured CPU time. One that was idle starts where the others are: it saves nothing up.
local function charge(tenant, microseconds)
  if microseconds ~= 0 then redis.call('HINCRBY', 'er:charged', tenant, microseconds) end
end

local function put_in_queue(id, priority, class, tenant, sequence)
  local group = priority .. ':' .. class
  redis.call('ZADD', 'er:queue:' .. group .. ':' .. tenant, sequence, id)
  if redis.call('SADD', 'er:tenants:' .. group, tenant) == 1 then
    local floor = tonumber(redis.call('GET', 'er:charged:now') or '0')
    local own = tonumber(redis.call('HGET', 'er:charged', tenant) or '0')
    if own < floor then redis.call('HSET', 'er:charged', tenant, floor) end
  end
end

local function take_from_queue(id, priority, class, tenant)
  local group = priority .. ':' .. class
  local queue = 'er:queue:' .. group .. ':' .. tenant
  redis.call('ZREM', queue, id)
  if redis.call('EXISTS', queue) == 0 then redis.call('SREM', 'er:tenants:' .. group, tenant) end
end

local function count_waiting(id, tenant, since)
  redis.call('ZADD', 'er:waiting', since, id)
  redis.call('HINCRBY', 'er:waiting:tenants', tenant, 1)
end

local function count_no_longer_waiting(id, tenant)
  redis.call('ZREM', 'er:waiting', id)
  if redis.call('HINCRBY', 'er:waiting:tenants', tenant, -1) <= 0 then redis.call('HDEL', 'er:waiting:tenants', tenant) end
end

-- The lease of a job has ended, whatever comes next.
local function end_lease(id, worker)
  redis.call('ZREM', 'er:leases', id)
  redis.call('SREM', 'er:held:' .. worker, id)
end

-- A job that ran before waits here, seen by every claim before all others.
local function put_back(id, sequence, tenant)
  redis.call('HSET', job_key(id), 'state', 'waiting')
  redis.call('HDEL', job_key(id), 'worker', 'host', 'reserved', 'reserved_until')
  redis.call('ZADD', 'er:again', sequence, id)
  count_waiting(id, tenant, now)
end

-- The one line that the producer gets.
local function write_result(id, batch, line)
  local key = 'er:results:' .. batch
  local entry = redis.call('XADD', key, '*', 'id', id, 'line', line)
  redis.call('EXPIRE', key, kKeepSeconds)
  redis.call('SREM', 'er:batch:' .. batch, id)
  redis.call('EXPIRE', job_key(id), kKeepSeconds)
  return entry
end

local function finish(id, batch, line)
  redis.call('HSET', job_key(id), 'state', 'done')
  redis.call('HDEL', job_key(id), 'line', 'head', 'plan', 'class', 'sequence', 'estimate', 'lease', 'graced', 'tried', 'why',
    'doubt')
  write_result(id, batch, line)
end

-- A result that no sandbox made.
local function made_result(head, plan, verdict, kind, message)
  local name = plan ~= '' and redis.call('HGET', 'er:plan:' .. plan, 'name') or ''
  local text = cjson.encode(message)
  local outcome = kind == 'cancelled' and '{"kind":"cancelled"}' or
    '{"kind":"sandbox_error","stage":"fleet","operation":"give up","subject":"","retryable":false}'
  return head .. '"result":{"version":1,"plan":{"name":' .. cjson.encode(name or '') .. '},"verdict":"' .. verdict ..
    '","outcome":' .. outcome .. ',"message":' .. text .. '}}'
end

-- Given up: its line stays, so that `evalrun fleet retry` can try it once more.
local function give_up(id, batch, line, why)
  count('dead')
  redis.call('HSET', job_key(id), 'state', 'dead', 'why', why)
  redis.call('ZADD', 'er:dead', now, id)
  redis.call('HSET', job_key(id), 'entry', write_result(id, batch, line))
end

-- "a\nb\n" has "a".
local function has_line(lines, line) return string.find('\n' .. lines, '\n' .. line .. '\n', 1, true) ~= nil end

-- Of the workers that may run a job of this class.
local function all_live_hosts_are_in(hosts, class)
  for _, worker in ipairs(redis.call('ZRANGEBYSCORE', 'er:workers', now - kWorkerIsAlive, '+inf')) do
    local info = redis.call('HMGET', 'er:worker:' .. worker, 'host', 'class')
    local fits = class == '' or info[2] == class
    if info[1] and fits and not has_line(hosts, info[1]) then return false end
  end
  return true
end

local function cancel_waiting(id, fields)
  take_from_queue(id, fields.priority, fields.class, fields.tenant)
  redis.call('ZREM', 'er:again', id)
  count_no_longer_waiting(id, fields.tenant)
  count('cancelled')
  finish(id, fields.batch, made_result(fields.head, fields.plan, 'CANCELLED', 'cancelled', 'cancelled before it ran'))
end

local function job(id, ...)
  local names, fields = {...}, {}
  local values = redis.call('HMGET', job_key(id), ...)
  for i, name in ipairs(names) do fields[name] = values[i] end
  return fields
end
