-- ARGV: now, how many at most.
-- Takes the jobs of workers that no longer beat. A lease that has run out is first given half of itself more: after a
-- stop of the queue, or a step of its clock, living workers beat meanwhile and keep what they have.
-- A job is given up when three workers were lost over it and at least two of them had finished other jobs, or six in any
-- case: where workers end by themselves, the job is not to blame.
-- Answers how many jobs were taken back and how many given up.
local kMostLosses, kMostGoodLosses, kMostAtAll = 3, 2, 6
local back, dead = 0, 0

-- The clock has gone back: no lease is that long.
for _, id in ipairs(redis.call('ZRANGE', 'er:leases', '+inf', now + 3600000, 'BYSCORE', 'REV', 'LIMIT', 0, 64)) do
  redis.call('ZADD', 'er:leases', now + tonumber(redis.call('HGET', job_key(id), 'lease')), id)
end

for _, id in ipairs(redis.call('ZRANGEBYSCORE', 'er:leases', '-inf', now, 'LIMIT', 0, ARGV[2])) do
  local fields = job(id, 'worker', 'tenant', 'estimate', 'batch', 'sequence', 'losses', 'good', 'host', 'lease', 'graced', 'why',
    'head', 'plan', 'cancelled')
  if fields.graced == '0' then
    redis.call('HSET', job_key(id), 'graced', 1)
    redis.call('ZADD', 'er:leases', now + math.floor(tonumber(fields.lease) / 2), id)
  else
    local worker = fields.worker
    end_lease(id, worker)
    charge(fields.tenant, -tonumber(fields.estimate))
    count('reclaimed')
    local losses = tonumber(fields.losses or '0') + 1
    local good = tonumber(fields.good or '0')
    if tonumber(redis.call('HGET', 'er:worker:' .. worker, 'completed') or '0') > 0 then good = good + 1 end
    local reasons = (fields.why or '') .. worker .. ': lost\n'
    redis.call('HSET', job_key(id), 'losses', losses, 'good', good, 'why', string.sub(reasons, -4000))
    if fields.cancelled then
      count('cancelled')
      finish(id, fields.batch, made_result(fields.head, fields.plan, 'CANCELLED', 'cancelled', 'cancelled'))
    elseif (losses >= kMostLosses and good >= kMostGoodLosses) or losses >= kMostAtAll then
      dead = dead + 1
      local message = 'given up: ' .. losses .. ' workers were lost while they ran it'
      give_up(id, fields.batch, made_result(fields.head, fields.plan, 'IE', 'fault', message), reasons)
    else
      back = back + 1
      put_back(id, fields.sequence, fields.tenant)
    end
  end
end
return {back, dead}
