-- ARGV: now, tenant, priority, class, batch, bound, then for each job its id, plan, head and line.
-- Answers how many jobs were taken, from the first on, and how many of these were known already. The rest found the
-- tenant's queue full.
local tenant, priority, class, batch = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local room = tonumber(ARGV[6]) - tonumber(redis.call('HGET', 'er:waiting:tenants', tenant) or '0')
local taken, known = 0, 0
for i = 7, #ARGV, 4 do
  local id = ARGV[i]
  if redis.call('EXISTS', job_key(id)) == 1 then
    known = known + 1
  elseif room <= 0 then
    break
  else
    room = room - 1
    local sequence = redis.call('INCR', 'er:sequence')
    redis.call('HSET', job_key(id), 'state', 'waiting', 'tenant', tenant, 'priority', priority, 'class', class, 'batch', batch,
      'plan', ARGV[i + 1], 'head', ARGV[i + 2], 'line', ARGV[i + 3], 'sequence', sequence, 'submitted', now, 'token', 0)
    put_in_queue(id, priority, class, tenant, sequence)
    count_waiting(id, tenant, now)
    redis.call('SADD', 'er:batch:' .. batch, id)
  end
  taken = taken + 1
end
return {taken, known}
