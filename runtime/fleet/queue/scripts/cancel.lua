-- ARGV: now, then the ids. Answers how many were cancelled before they ran, and how many are told to stop.
local ended, told = 0, 0
for i = 2, #ARGV do
  local fields = job(ARGV[i], 'state', 'priority', 'class', 'tenant', 'batch', 'head', 'plan')
  if fields.state == 'waiting' then
    cancel_waiting(ARGV[i], fields)
    ended = ended + 1
  elseif fields.state == 'leased' then
    redis.call('HSET', job_key(ARGV[i]), 'cancelled', 1)
    told = told + 1
  end
end
return {ended, told}
