-- ARGV: now, worker, id, token, how, why, line.
-- "release": the worker ends; as if it had never had the job. "fault": the sandbox failed, so another host tries it, and
-- after three hosts it is given up with the result `line`. "cannot": the host lacks what the job needs; when no live host
-- is left that has not said so, `line` is its result. "doubt": `line` is its result, and one other host may try it, once.
-- Answers "back", "dead" or "done", or "dropped" where the lease is lost.
local worker, id, token, how, why, line = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local kMostFaults = 3
local fields = job(id, 'state', 'token', 'worker', 'tenant', 'estimate', 'batch', 'sequence', 'nacks', 'tried', 'host', 'why', 'head',
  'plan', 'cancelled', 'class', 'doubt')
if fields.state ~= 'leased' or fields.token ~= token or fields.worker ~= worker then
  count('dropped')
  return 'dropped'
end
end_lease(id, worker)
charge(fields.tenant, -tonumber(fields.estimate))
if fields.cancelled then
  count('cancelled')
  finish(id, fields.batch, made_result(fields.head, fields.plan, 'CANCELLED', 'cancelled', 'cancelled'))
  return 'done'
end
if how ~= 'release' then
  local tried = fields.tried or ''
  if not has_line(tried, fields.host) then tried = tried .. fields.host .. '\n' end
  local reasons = (fields.why or '') .. fields.host .. ': ' .. why .. '\n'
  if how == 'doubt' then reasons = fields.why or '' end
  redis.call('HSET', job_key(id), 'tried', tried, 'why', string.sub(reasons, -4000))
  if how == 'fault' then
    count('faults')
    redis.call('HINCRBY', 'er:worker:' .. worker, 'faults', 1)
    if redis.call('HINCRBY', job_key(id), 'nacks', 1) >= kMostFaults then
      give_up(id, fields.batch, line, reasons)
      return 'dead'
    end
  elseif all_live_hosts_are_in(tried, fields.class) or (how == 'doubt' and fields.doubt) then
    count('done')
    finish(id, fields.batch, line)
    return 'done'
  end
  if how == 'doubt' then redis.call('HSET', job_key(id), 'doubt', why) end
end
put_back(id, fields.sequence, fields.tenant)
return 'back'
