#include "runtime/fleet/postgresql/database.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <utility>

#include "runtime/core/text.h"
#include "runtime/core/units.h"
#include "runtime/fleet/postgresql/statements.h"
#include "runtime/fleet/queue/queue.h"

namespace evalrun::fleet {
namespace {

using namespace std::chrono_literals;

constexpr int kOldestServer = 130000;
constexpr int kMostTries = 10;
constexpr Duration kConnectTime = 5s;
constexpr std::uint32_t kByteaOid = 17;
constexpr std::uint32_t kByteaArrayOid = 1001;
// In binary, as a bytea is its own bytes there.
constexpr int kBinary = 1;
// Shorter than what the other side waits for an answer (RedisConnection::kSilence).
// Its compiler takes longer than any step.
constexpr const char* kSettings = "SET statement_timeout = '9s'; SET client_min_messages = error; SET jit = off";

class InTheWay : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

Duration clock_now() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

// Those that pass: the way to the server, its resources, its own ends and starts, a standby, its disk.
bool is_passing(std::string_view state) {
  constexpr std::array<std::string_view, 10> kPassing = {"08",    "53",    "57P01", "57P02", "57P03",
                                                         "57014", "57P05", "25006", "55P03", "58"};
  return std::ranges::any_of(kPassing, [&](std::string_view begin) { return state.starts_with(begin); });
}

// Two transactions were in each other's way, and this one was taken back.
bool was_in_the_way(std::string_view state) {
  return state.starts_with("40");
}

std::string first_line(const char* text) {
  const std::string all = text;
  return one_line(all.substr(0, all.find('\n')));
}

// "FATAL:  28P01: password authentication failed" has 28P01, as libpq writes it with PQERRORS_VERBOSE; "": no server
// said so.
std::string_view state_in(std::string_view message) {
  constexpr std::size_t kLength = 5;
  for (std::size_t at = message.find(":  "); at != message.npos; at = message.find(":  ", at + 1)) {
    const std::string_view state = message.substr(at + 3, kLength);
    if (state.size() == kLength && message.substr(at + 3 + kLength, 2) == ": " &&
        state.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == state.npos) {
      return state;
    }
  }
  return {};
}

// Of a wrong one no attempt says that it is the address's fault.
void check_address(const std::string& address) {
  char* why = nullptr;
  PQconninfoOption* options = PQconninfoParse(address.c_str(), &why);
  if (options != nullptr) return PQconninfoFree(options);
  const std::string text = why == nullptr ? "no memory" : first_line(why);
  PQfreemem(why);
  throw QueueError("--queue: " + text);
}

void put_number(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
}

// An array of bytea as the server reads it in binary: dimensions, a flag for nulls, the element's type, the length, the
// first index, and each element with its size before it.
std::string array_of(const std::vector<std::string>& words) {
  std::string out;
  std::size_t size = 20;
  for (const std::string& word : words) size += word.size() + 4;
  if (size >> 30 != 0) throw QueueError("a call of the queue has more than 1 GiB");
  out.reserve(size);
  for (const std::uint32_t value : {1U, 0U, kByteaOid, static_cast<std::uint32_t>(words.size()), 1U})
    put_number(out, value);
  for (const std::string& word : words) {
    put_number(out, static_cast<std::uint32_t>(word.size()));
    out += word;
  }
  return out;
}

}  // namespace

struct Database::Answer {
  std::unique_ptr<PGresult, decltype(&PQclear)> result;
  [[nodiscard]] PGresult* get() const { return result.get(); }
  [[nodiscard]] bool is_good() const {
    const ExecStatusType status = PQresultStatus(get());
    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
  }
  [[nodiscard]] std::string_view state() const {
    const char* state = PQresultErrorField(get(), PG_DIAG_SQLSTATE);
    return state == nullptr ? "" : state;
  }
};

void Database::Deleter::operator()(pg_conn* connection) const noexcept {
  PQfinish(connection);
}

Database::Database(const std::string& address) {
  check_address(address);
  // Later words count more: what the address says goes before these.
  constexpr std::array<const char*, 5> kKeys = {"fallback_application_name", "keepalives_idle", "tcp_user_timeout",
                                                "dbname", nullptr};
  const std::array<const char*, 5> values = {"evalrun", "10", "9000", address.c_str(), nullptr};
  // By polling, since what is said before the connection is there shall have the state, too.
  connection_.reset(PQconnectStartParams(kKeys.data(), values.data(), 1));
  if (!connection_) throw std::bad_alloc();
  PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);
  const Duration end = clock_now() + kConnectTime;
  PostgresPollingStatusType wanted = PGRES_POLLING_WRITING;
  while (wanted != PGRES_POLLING_OK) {
    if (wanted == PGRES_POLLING_FAILED || PQstatus(connection_.get()) == CONNECTION_BAD) refuse_connection();
    pollfd socket{PQsocket(connection_.get()), static_cast<short>(wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT),
                  0};
    const Duration left = end - clock_now();
    if (left <= Duration{}) throw DatabaseAway("no connection within " + evalrun::to_string(kConnectTime));
    if (::poll(&socket, 1, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count())) <= 0) continue;
    wanted = PQconnectPoll(connection_.get());
  }
  PQsetErrorVerbosity(connection_.get(), PQERRORS_DEFAULT);
  const int version = PQserverVersion(connection_.get());
  if (version < kOldestServer) {
    throw QueueError("the queue needs PostgreSQL 13 or newer, and this is " + std::to_string(version / 10000));
  }
  ask(kSettings);
  if (value_of("SELECT pg_is_in_recovery()") == "t") throw DatabaseAway("the server is a standby, which cannot write");
  make_tables();
}

Database::~Database() = default;

void Database::refuse_connection() const {
  const std::string_view message = PQerrorMessage(connection_.get());
  const std::string_view state = state_in(message);
  // Without a state it was not the server that spoke.
  const bool passes = state.empty() ? PQconnectionNeedsPassword(connection_.get()) == 0 : is_passing(state);
  const std::string text = first_line(PQerrorMessage(connection_.get()));
  if (passes) throw DatabaseAway(text);
  throw QueueError("the queue refuses: " + text);
}

Database::Answer Database::checked(PGresult* result) const {
  Answer answer{{result, &PQclear}};
  if (answer.is_good()) return answer;
  const std::string text = first_line(PQerrorMessage(connection_.get()));
  if (PQstatus(connection_.get()) == CONNECTION_BAD || is_passing(answer.state())) throw DatabaseAway(text);
  if (was_in_the_way(answer.state())) throw InTheWay(text);
  throw QueueError("the queue refuses: " + text);
}

Database::Answer Database::ask(const char* statement) {
  return checked(PQexec(connection_.get(), statement));
}

std::string Database::value_of(const char* statement) {
  const Answer answer = ask(statement);
  return PQntuples(answer.get()) == 0 ? "" : PQgetvalue(answer.get(), 0, 0);
}

std::string Database::warning() {
  if (value_of("SHOW fsync") != "on") return "its setting fsync is off";
  if (value_of("SHOW synchronous_commit") == "off") return "its setting synchronous_commit is off";
  return "";
}

void Database::make_tables() {
  const auto version_is_right = [&] {
    // Not to_regclass(), which may answer by what it saw before another one made them.
    if (value_of("SELECT count(*) FROM pg_class WHERE relname = 'about' AND relnamespace IN "
                 "(SELECT oid FROM pg_namespace WHERE nspname = 'evalrun')") != "1") {
      return false;
    }
    const std::string version = value_of("SELECT version FROM evalrun.about");
    if (version == kTablesVersion) return true;
    throw QueueError("the queue's tables are of another version of evalrun (" + one_line(version) + ", and this has " +
                     kTablesVersion + "); end the fleet and drop the schema evalrun");
  };
  if (version_is_right()) return;
  // Two that come at a time: one makes them, and the other finds them.
  ask("BEGIN; SELECT pg_advisory_xact_lock(1702000640)");
  if (!version_is_right()) {
    for (const char* statements : kTables) ask(statements);
    ask((std::string("INSERT INTO evalrun.about (version) VALUES (") + kTablesVersion + ")").c_str());
  }
  ask("COMMIT");
}

std::vector<Database::Row> Database::run(std::string_view step, const std::vector<std::string>& words) {
  if (std::ranges::find(kSteps, step) == kSteps.end()) throw QueueError("there is no step " + one_line(step));
  const std::string statement = "SELECT * FROM evalrun." + std::string(step) + "($1)", array = array_of(words);
  constexpr Oid kType = kByteaArrayOid;
  const char* value = array.data();
  const int size = static_cast<int>(array.size());
  for (int tries = 1;; ++tries) {
    try {
      const Answer answer =
          checked(PQexecParams(connection_.get(), statement.c_str(), 1, &kType, &value, &size, &kBinary, kBinary));
      std::vector<Row> rows(static_cast<std::size_t>(PQntuples(answer.get())));
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const int row = static_cast<int>(i);
        for (int column = 0; column < PQnfields(answer.get()); ++column) {
          if (PQgetisnull(answer.get(), row, column) != 0) {
            rows[i].emplace_back();
          } else {
            rows[i].emplace_back(std::in_place, PQgetvalue(answer.get(), row, column),
                                 static_cast<std::size_t>(PQgetlength(answer.get(), row, column)));
          }
        }
      }
      return rows;
    } catch (const InTheWay& error) {
      if (tries == kMostTries) throw DatabaseAway(error.what());
    }
  }
}

}  // namespace evalrun::fleet
