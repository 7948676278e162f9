#include "runtime/fleet/queue/scripts.h"

namespace evalrun::fleet {

const char* text_of(Script script) {
  switch (script) {
    case Script::Beat:
      return
#include "runtime/fleet/queue/beat.inc"
          ;
    case Script::Cancel:
      return
#include "runtime/fleet/queue/cancel.inc"
          ;
    case Script::Claim:
      return
#include "runtime/fleet/queue/claim.inc"
          ;
    case Script::Complete:
      return
#include "runtime/fleet/queue/complete.inc"
          ;
    case Script::Drain:
      return
#include "runtime/fleet/queue/drain.inc"
          ;
    case Script::Enqueue:
      return
#include "runtime/fleet/queue/enqueue.inc"
          ;
    case Script::Forget:
      return
#include "runtime/fleet/queue/forget.inc"
          ;
    case Script::GiveBack:
      return
#include "runtime/fleet/queue/give_back.inc"
          ;
    case Script::Leave:
      return
#include "runtime/fleet/queue/leave.inc"
          ;
    case Script::Reclaim:
      return
#include "runtime/fleet/queue/reclaim.inc"
          ;
    case Script::Retry:
      return
#include "runtime/fleet/queue/retry.inc"
          ;
    case Script::Status:
      return
#include "runtime/fleet/queue/status.inc"
          ;
  }
  return "";
}

}  // namespace evalrun::fleet
