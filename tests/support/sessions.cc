#include "tests/support/sessions.h"

#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

void hear(Heard& heard, char letter) {
  if (!heard.order.ends_with(letter)) heard.order += letter;
}

}  // namespace

CompiledPlan compile_text(Engine& engine, const std::string& toml) {
  return engine.compile({.text = toml, .name = "plan", .file = "plan.toml", .folder = "/"}, accepted_lacks());
}

void take_events(Engine& engine, Hearing& hearing) {
  while (const std::optional<Event> event = engine.next_event()) {
    Heard& heard = hearing[event->session];
    switch (event->kind) {
      case EventKind::Started: hear(heard, 's'); break;
      case EventKind::Stdout:
        hear(heard, 'o');
        heard.output += event->bytes;
        break;
      case EventKind::Stderr:
        hear(heard, 'e');
        heard.error_output += event->bytes;
        break;
      case EventKind::StdinRoom: hear(heard, 'r'); break;
      case EventKind::Completed: hear(heard, 'c'); break;
    }
  }
}

void turn(Engine& engine, Hearing& hearing) {
  engine.dispatch();
  take_events(engine, hearing);
}

Result wait_for(Engine& engine, const Session& session, Hearing& hearing) {
  while (!session.finished()) turn(engine, hearing);
  return session.result();
}

Result run_to_end(Engine& engine, const std::string& toml, const SpawnOptions& options) {
  const Session session = engine.spawn(compile_text(engine, toml), options);
  Hearing hearing;
  return wait_for(engine, session, hearing);
}

}  // namespace evalrun::test
