#include "runtime/contest/submission_files.h"

#include "runtime/core/text.h"
