-- ARGV: now. Answers one JSON object.
local function number(text) return tonumber(text or '0') or 0 end
local function pairs_of(flat)
  local out = {}
  for i = 1, #flat, 2 do out[flat[i]] = flat[i + 1] end
  return out
end

local status = {workers = {}, tenants = {}, stats = {}}
status.waiting = redis.call('ZCARD', 'er:waiting')
status.again = redis.call('ZCARD', 'er:again')
status.running = redis.call('ZCARD', 'er:leases')
status.dead = redis.call('ZCARD', 'er:dead')
local oldest = redis.call('ZRANGE', 'er:waiting', 0, 0, 'WITHSCORES')
status.oldest_ms = oldest[2] and math.max(0, now - tonumber(oldest[2])) or 0
local cost = 0
local means = pairs_of(redis.call('HGETALL', 'er:mean'))
for tenant, waiting in pairs(pairs_of(redis.call('HGETALL', 'er:waiting:tenants'))) do
  cost = cost + number(waiting) * number(means[tenant])
end
status.waiting_cpu_us = cost
for tenant, used in pairs(pairs_of(redis.call('HGETALL', 'er:used'))) do
  status.tenants[#status.tenants + 1] = {name = tenant, cpu_us = number(used),
    waiting = number(redis.call('HGET', 'er:waiting:tenants', tenant))}
end
for _, worker in ipairs(redis.call('ZRANGEBYSCORE', 'er:workers', now - kWorkerIsKnown, '+inf')) do
  local info = pairs_of(redis.call('HGETALL', 'er:worker:' .. worker))
  status.workers[#status.workers + 1] = {name = worker, host = info.host or '', class = info.class or '',
    version = info.version or '', jobs = number(info.jobs), running = redis.call('SCARD', 'er:held:' .. worker),
    completed = number(info.completed), faults = number(info.faults), draining = info.drain ~= nil,
    silent_ms = math.max(0, now - number(redis.call('ZSCORE', 'er:workers', worker)))}
end
for name, value in pairs(pairs_of(redis.call('HGETALL', 'er:stats'))) do status.stats[name] = number(value) end
local text = cjson.encode(status)
-- An empty table of Lua is an object of JSON.
for _, name in ipairs({'workers', 'tenants'}) do text = string.gsub(text, '"' .. name .. '":{}', '"' .. name .. '":[]') end
return text
