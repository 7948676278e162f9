-- ARGV: now, worker, why. The worker ends; it holds nothing.
redis.call('ZREM', 'er:workers', ARGV[2])
redis.call('HSET', 'er:worker:' .. ARGV[2], 'ended', ARGV[3])
redis.call('EXPIRE', 'er:worker:' .. ARGV[2], 24 * 3600)
return 1
