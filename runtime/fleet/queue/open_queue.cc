#include "runtime/fleet/queue/open_queue.h"

#include <utility>

#include "runtime/core/overloaded.h"
#include "runtime/fleet/queue/postgres_queue.h"
#include "runtime/fleet/queue/redis_queue.h"

namespace evalrun::fleet {

std::unique_ptr<Queue> open_queue(loop::EventLoop& loop, const QueueAddress& address, QueueOptions options) {
  return std::visit(Overloaded{[&](const RedisAddress& redis) -> std::unique_ptr<Queue> {
                                 return std::make_unique<RedisQueue>(loop, redis, std::move(options));
                               },
                               [&](const PostgresAddress& postgres) -> std::unique_ptr<Queue> {
                                 return std::make_unique<PostgresQueue>(loop, postgres, std::move(options));
                               }},
                    address);
}

}  // namespace evalrun::fleet
