// The verbs of a fleet: a worker, what is submitted to it, and the look at its queue.
#pragma once

#include "runtime/usage/options.h"

namespace evalrun::cli {

int run_worker(const Options& options);
int submit_jobs(const Options& options);
int fleet_status(const Options& options);
int list_dead(const Options& options);
int retry_dead(const Options& options);
int drain_workers(const Options& options);
int cancel_jobs(const Options& options);
int calibrate_host(const Options& options);

}  // namespace evalrun::cli
