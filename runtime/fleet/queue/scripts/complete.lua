-- ARGV: now, worker, id, token, line, microseconds of CPU time.
-- Stores the result of the job if this worker still owns it. Answers "stored"; "repeated" where this very call was made
-- before; "dropped" where the lease is lost: another worker's result is the one that counts.
local worker, id, token, line, used = ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
local fields = job(id, 'state', 'token', 'worker', 'tenant', 'estimate', 'batch')
if fields.token ~= token or fields.worker ~= worker or fields.state ~= 'leased' then
  if fields.state == 'done' and fields.token == token and fields.worker == worker then return 'repeated' end
  count('dropped')
  return 'dropped'
end
local tenant = fields.tenant
charge(tenant, used - tonumber(fields.estimate))
local mean = tonumber(redis.call('HGET', 'er:mean', tenant) or used)
redis.call('HSET', 'er:mean', tenant, math.floor(mean + (used - mean) / 8))
redis.call('HINCRBY', 'er:used', tenant, used)
redis.call('HINCRBY', 'er:worker:' .. worker, 'completed', 1)
count('done')
end_lease(id, worker)
finish(id, fields.batch, line)
return 'stored'
