// The journal of a batch: every result, in a file that survives the batch, so that the same command goes on where an
// earlier one was ended, however it was ended.
//
// Theory of operation. A result goes into the journal by one write before it goes anywhere else; a job is done when its
// record is there, and not before. So a kill at any moment loses none that was printed and runs none again that is
// there: what was running is run anew. The torn record that a kill may leave at the end is cut off. What the process
// has written outlives it; against a crash of the machine the file is synchronised (fdatasync) each second and at the
// end, and each record has a checksum: the first that fails is cut off with all behind it, and those jobs are run
// again.
//
// The batch that goes on gives the results of the journal again, so its output is whole by itself.
//
// That a job starts is recorded too, without synchronising: a start without an end tells which jobs may have ended
// evalrun itself (batch.h says what becomes of them).
//
// The file is for its owner alone: nobody else can read what programs printed, change it, or hold it locked.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "runtime/batch/done_lines.h"
#include "runtime/batch/journal_record.h"
#include "runtime/batch/line_buffer.h"
#include "runtime/batch/seen_ids.h"
#include "runtime/core/fd.h"

namespace evalrun::batch {

class Journal {
 public:
  // Opens it, or makes it where there is none. Throws UsageError where the file is no journal, is of another plan, is
  // another user's or is in use, and then leaves it as it is; SystemError.
  Journal(const std::string& path, const std::string& plan_hash);

  [[nodiscard]] DoneLines& done() noexcept { return done_; }
  // What was cut off at the end, beyond a record without its end; "" for nothing.
  [[nodiscard]] const std::string& warning() const noexcept { return warning_; }

  // Of the records that were there: the next one that was not given yet, in the order of the file.
  std::optional<JournalRecord> next();
  // The same by its line in the input. Between the two of them, passes over as few records as it can and remembers
  // where those stand.
  JournalRecord find(std::uint64_t line);

  // The ids of the jobs that are done; once.
  [[nodiscard]] SeenIds take_ids() noexcept { return std::move(ids_); }
  // How often earlier batches have started the job of this line and then ended without a word of its end.
  [[nodiscard]] unsigned starts_without_end(std::uint64_t line) const;

  // Those that append and sync() may be called by another thread than the rest. Throw SystemError.
  void append(const JournalRecord& record);
  // A job is about to be started, or its start has come to nothing.
  void append_started(std::uint64_t line, std::uint64_t job);
  void append_left(std::uint64_t line, std::uint64_t job);
  [[nodiscard]] bool is_dirty() const noexcept { return dirty_; }
  void sync();

 private:
  struct Place {
    std::uint64_t begin;
    std::uint64_t length;  // without the newline
  };

  [[nodiscard]] std::string usage(const std::string& text) const { return "--journal " + path_ + ": " + text; }
  void open();
  [[nodiscard]] bool lock(const Fd& file) const;
  [[nodiscard]] bool is_held_by_one_of_ours() const;
  void move_to_own_file(std::uint64_t size);
  void take_up(const JournalRecord& record);
  void begin(const std::string& header);
  void read_header(const std::string& header);
  void scan(std::uint64_t begin);
  std::optional<LineBuffer::Line> next_line();
  std::optional<std::pair<Place, JournalRecord>> next_done();
  [[nodiscard]] JournalRecord read(const Place& place) const;

  std::string path_;
  Fd file_;
  Fd former_;  // whose lock is kept: see move_to_own_file
  DoneLines done_;
  SeenIds ids_;
  std::map<std::uint64_t, unsigned> unended_;  // starts by line
  std::string warning_;
  std::uint64_t end_ = 0;   // of the records that were there
  std::uint64_t read_ = 0;  // from the file
  std::uint64_t at_ = 0;    // of the next record
  LineBuffer buffer_;
  std::map<std::uint64_t, Place> passed_;  // by line
  std::mutex appending_;                   // a record stands whole, whoever writes it
  std::atomic<bool> dirty_ = false;        // append() and sync() may be another thread's than the rest
  void append_text(const std::string& text);
};

}  // namespace evalrun::batch
