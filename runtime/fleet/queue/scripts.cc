#include "runtime/fleet/queue/scripts.h"

namespace evalrun::fleet {

const char* script_of(Step step) {
  switch (step) {
    case Step::Beat:
      return
#include "runtime/fleet/queue/beat.inc"
          ;
    case Step::Cancel:
      return
#include "runtime/fleet/queue/cancel.inc"
          ;
    case Step::Claim:
      return
#include "runtime/fleet/queue/claim.inc"
          ;
    case Step::Complete:
      return
#include "runtime/fleet/queue/complete.inc"
          ;
    case Step::Drain:
      return
#include "runtime/fleet/queue/drain.inc"
          ;
    case Step::Enqueue:
      return
#include "runtime/fleet/queue/enqueue.inc"
          ;
    case Step::Forget:
      return
#include "runtime/fleet/queue/forget.inc"
          ;
    case Step::GiveBack:
      return
#include "runtime/fleet/queue/give_back.inc"
          ;
    case Step::Leave:
      return
#include "runtime/fleet/queue/leave.inc"
          ;
    case Step::Reclaim:
      return
#include "runtime/fleet/queue/reclaim.inc"
          ;
    case Step::Retry:
      return
#include "runtime/fleet/queue/retry.inc"
          ;
    case Step::Status:
      return
#include "runtime/fleet/queue/status.inc"
          ;
  }
  return "";
}

}  // namespace evalrun::fleet
