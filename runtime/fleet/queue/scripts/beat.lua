-- ARGV: now, worker, host, class, jobs, version, lease in milliseconds, whole, then for each job that is held its id, token
-- and the most milliseconds that it may take.
-- Renews what this worker still owns, and only that. "whole": the list is all that the worker holds; what else it was
-- given, in an answer that never came, is taken back and counts against nobody.
-- Answers "drain" or "", then for each job "ok", "lost", "cancelled" or "late".
local worker, lease, whole = ARGV[2], tonumber(ARGV[7]), ARGV[8] == '1'
local info = 'er:worker:' .. worker
redis.call('HSET', info, 'host', ARGV[3], 'class', ARGV[4], 'jobs', ARGV[5], 'version', ARGV[6])
redis.call('HSETNX', info, 'since', now)
redis.call('EXPIRE', info, 24 * 3600)
redis.call('ZADD', 'er:workers', now, worker)
-- Those that ended without a word are known for a while, and then no more.
redis.call('ZREMRANGEBYSCORE', 'er:workers', '-inf', now - kWorkerIsKnown)

local answer = {redis.call('HGET', info, 'drain') and 'drain' or ''}
local named = {}
for i = 9, #ARGV, 3 do
  local id, token, most = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
  named[id] = true
  local fields = job(id, 'state', 'token', 'worker', 'started', 'cancelled')
  local word = 'ok'
  if fields.state ~= 'leased' or fields.token ~= token or fields.worker ~= worker then
    word = 'lost'
    count('lost')
  elseif now > tonumber(fields.started) + most then
    word = 'late'
  else
    if fields.cancelled then word = 'cancelled' end
    redis.call('HSET', job_key(id), 'lease', lease, 'graced', 0)
    redis.call('ZADD', 'er:leases', now + lease, id)
  end
  answer[#answer + 1] = word
end
if whole then
  for _, id in ipairs(redis.call('SMEMBERS', 'er:held:' .. worker)) do
    if not named[id] then
      local fields = job(id, 'tenant', 'sequence', 'worker', 'estimate')
      end_lease(id, worker)
      if fields.worker == worker then
        charge(fields.tenant, -tonumber(fields.estimate))
        put_back(id, fields.sequence, fields.tenant)
      end
    end
  end
end
return answer
