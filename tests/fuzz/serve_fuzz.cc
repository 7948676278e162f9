// Fuzzes what `evalrun serve` reads of a request's body, and of a WebSocket, with libFuzzer: whatever the bytes are,
// they are a request or they are refused; anything else is a finding.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "runtime/core/text.h"
#include "runtime/serve/bounded_json.h"
#include "runtime/serve/go_judge_request.h"
#include "runtime/serve/multipart.h"
#include "runtime/serve/web_socket_frames.h"

namespace {

using namespace evalrun;

constexpr std::size_t kMostOfMessage = 300;

// All messages, and the error that ends them.
std::string messages_in(std::string_view bytes, std::size_t at_a_time) {
  serve::SocketReader reader(kMostOfMessage);
  std::string told;
  try {
    for (std::size_t i = 0; i < bytes.size(); i += at_a_time) {
      reader.add(bytes.substr(i, at_a_time));
      while (const auto message = reader.next()) {
        if (message->payload.size() > kMostOfMessage) std::abort();
        if (message->kind == serve::SocketMessageKind::Text && !is_utf8(message->payload)) std::abort();
        told += socket_frame(message->kind, message->payload);
      }
      if (reader.held() > bytes.size()) std::abort();
    }
  } catch (const serve::SocketError& error) {
    told += serve::socket_close_frame(error.code(), "");
  }
  return told;
}

void run_one(std::string_view bytes) {
  // Where the network cuts them makes no difference.
  if (messages_in(bytes, 1) != messages_in(bytes, bytes.size() + 1)) std::abort();
  try {
    const serve::GoRequest request = serve::read_go_request(bytes);
    if (request.commands.empty()) std::abort();
    for (const serve::GoPipe& pipe : request.pipes) {
      if (pipe.writer.index >= request.commands.size() || pipe.reader.index >= request.commands.size()) std::abort();
    }
  } catch (const serve::BadField&) {
    // It is refused.
  }
  // The first line is the type, the rest the form.
  const std::string_view type = bytes.substr(0, bytes.find('\n'));
  const std::string_view body = bytes.substr(type.size());
  if (const auto file = serve::form_file(type, body, "file")) {
    if (file->content.data() < body.data() || file->content.data() + file->content.size() > body.data() + body.size()) {
      std::abort();
    }
  }
  if (!is_utf8(serve::with_replacement_characters(bytes))) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  run_one({reinterpret_cast<const char*>(data), size});
  return 0;
}
