#include "runtime/judge/dialogue.h"
