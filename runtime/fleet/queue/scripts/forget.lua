-- ARGV: now, batch, then for each result its entry and the job's id. Whoever has the results needs them here no longer.
-- A job that was given up is kept for `evalrun fleet retry`.
for i = 3, #ARGV, 2 do
  redis.call('XDEL', 'er:results:' .. ARGV[2], ARGV[i])
  if redis.call('HGET', job_key(ARGV[i + 1]), 'state') == 'done' then redis.call('DEL', job_key(ARGV[i + 1])) end
end
return 1
