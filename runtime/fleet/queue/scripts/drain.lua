-- ARGV: now, then names of workers or hosts; none: all. Answers how many workers were told.
local told = 0
for _, worker in ipairs(redis.call('ZRANGE', 'er:workers', 0, -1)) do
  local host = redis.call('HGET', 'er:worker:' .. worker, 'host') or ''
  local is_meant = #ARGV == 1
  for i = 2, #ARGV do is_meant = is_meant or ARGV[i] == worker or ARGV[i] == host end
  if is_meant then
    redis.call('HSET', 'er:worker:' .. worker, 'drain', 1)
    told = told + 1
  end
end
return told
