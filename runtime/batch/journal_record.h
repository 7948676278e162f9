// The journal's text. Pure.
//
//   evalrun batch journal 2 PLAN
//   CHECK LINE JOB +
//   CHECK LINE JOB STATUS RESULT
//   …
//
// PLAN is the hash of what the jobs vary. A record is of one job: LINE is the number of its line in the input, JOB a
// hash of that line's text. "+" says that it was started; "-" that the start came to nothing, as by an interruption.
// With a number it is done: RESULT is its line of the output, STATUS its share of the exit status. CHECK is the front
// of the SHA-256 of all that follows it in the record: what a crash of the machine tore does not pass for a result.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/jobs/status.h"

namespace evalrun::batch {

enum class RecordKind { Done, Started, Left };

struct JournalRecord {
  std::uint64_t line = 0;
  std::uint64_t job = 0;  // see hash_of_job
  jobs::Status status = jobs::Status::Good;
  std::string result;  // without the newline
  RecordKind kind = RecordKind::Done;
};

// The first eight bytes of the text's SHA-256.
std::uint64_t hash_of_job(std::string_view text);

// Both with their newline.
std::string journal_header(std::string_view plan_hash);
std::string to_text(const JournalRecord& record);

// Of a line without its newline; empty where it is no whole record.
std::optional<JournalRecord> parse_record(std::string_view text);

}  // namespace evalrun::batch
