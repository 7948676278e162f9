// A PostgreSQL database that holds a queue: its tables, which are made where there are none, and the steps, which are
// functions in it (steps.sql). By libpq, and waiting for each answer.
#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

struct pg_conn;
struct pg_result;

namespace evalrun::fleet {

// The server is away, or cannot write now. Whoever tries again later may have more luck.
class DatabaseAway : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Database {
 public:
  using Row = std::vector<std::optional<std::string>>;

  // An address as libpq has them. Throws DatabaseAway, and QueueError where waiting would not help.
  explicit Database(const std::string& address);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // A fault of the server that does not stop the work; "": there is none.
  [[nodiscard]] std::string warning();

  // One step, and one transaction. `words`: the time and what the step is told. Throws the same.
  std::vector<Row> run(std::string_view step, const std::vector<std::string>& words);

 private:
  struct Deleter {
    void operator()(pg_conn* connection) const noexcept;
  };
  struct Answer;

  [[noreturn]] void refuse_connection() const;
  [[nodiscard]] Answer checked(pg_result* result) const;
  Answer ask(const char* statement);
  std::string value_of(const char* statement);
  void make_tables();

  std::unique_ptr<pg_conn, Deleter> connection_;
};

}  // namespace evalrun::fleet
