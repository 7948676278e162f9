-- ARGV: now, then the ids of jobs that were given up. The result that said so is withdrawn where it is still there.
-- Answers how many are tried again.
local tried = 0
for i = 2, #ARGV do
  local id = ARGV[i]
  local fields = job(id, 'state', 'entry', 'batch', 'priority', 'class', 'tenant', 'sequence')
  if fields.state == 'dead' then
    redis.call('XDEL', 'er:results:' .. fields.batch, fields.entry)
    redis.call('ZREM', 'er:dead', id)
    redis.call('HDEL', job_key(id), 'entry', 'losses', 'good', 'nacks', 'tried', 'why', 'doubt', 'worker', 'host')
    redis.call('HSET', job_key(id), 'state', 'waiting')
    redis.call('PERSIST', job_key(id))
    redis.call('SADD', 'er:batch:' .. fields.batch, id)
    put_in_queue(id, fields.priority, fields.class, fields.tenant, fields.sequence)
    count_waiting(id, fields.tenant, now)
    tried = tried + 1
  else
    redis.call('ZREM', 'er:dead', id)
  end
end
return tried
