// What a request may say of a plan. A request comes from the network: it names no file of the host, takes no layer
// away, adds no system call, and asks for no more than the server gives. What an operator's own plan says is not looked
// at.
#pragma once

#include "runtime/plan/plan.h"
#include "runtime/reader/template.h"
#include "runtime/reader/toml_tree.h"
#include "runtime/serve/serve_options.h"

namespace evalrun::serve {

// Keys as a request wrote them. Throws PlanError where they lie.
void refuse_host_access(const TomlNode& root);
void refuse_host_access(const SetChange& change);

// The whole task. Throws PlanError where it asks for more than there is, or shares the server's own streams.
void refuse_excess(const Task& task, const Ceilings& ceilings);

}  // namespace evalrun::serve
