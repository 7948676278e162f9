// go-judge's two kinds of WebSocket: /ws, on which requests are sent and answered in any order, and /stream, on which
// one request has its programs' descriptors joined to the client.
#pragma once

#include <memory>

#include "runtime/serve/go_judge_group.h"
#include "runtime/serve/web_socket.h"

namespace evalrun::serve {

// Messages are JSON: what /run takes, with a `requestId` that no other one at work has; or `cancelRequestId` alone. A
// result has the id. `exchange` is one that socket_refusal() has found nothing wrong with, here and below.
void begin_go_socket(const GoContext& context, const std::shared_ptr<Exchange>& exchange, std::size_t most_bytes);

// Messages are bytes, the first of which says what follows. From the client: 1 and the request, first of all; 3, a byte
// (command << 4 | descriptor) and input; 4: cancel. From the server: 2, such a byte and output; 1 and the results, last
// of all. Input has no end: a program that reads to it runs to its limits. There are no terminals, so 2, which gives
// one its size, is refused.
void begin_go_stream(const GoContext& context, const std::shared_ptr<Exchange>& exchange, std::size_t most_bytes);

}  // namespace evalrun::serve
