// evalrun-http: one file to or from a server, by HTTP or HTTPS. evalrun starts it for --files http://... and
// https://... It is a program of its own since libcurl's libraries cannot be linked statically (docs/decisions/136).
//
//   evalrun-http get URL MOST    the file to standard output, of at most so many bytes
//   evalrun-http has URL SIZE    whether it is there, with this size
//   evalrun-http put URL SIZE    standard input, of this size
//
// Exit status: 0: done; 1: it is not there; 3: it failed, and standard error has a line that says how.
//
// A GET follows three redirects at most, never from HTTPS to HTTP, and takes the user or the token of
// EVALRUN_FILES_TOKEN to no other host. A PUT follows none.
#include <curl/curl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace {

constexpr long kConnectSeconds = 5;
// A transfer that is slower for so long has failed.
constexpr long kLeastBytesPerSecond = 1024;
constexpr long kSlowSeconds = 20;
constexpr long kMostRedirects = 3;
constexpr int kNotThere = 1;
constexpr int kFailed = 3;

struct Exchange {
  CURL* curl;
  long status = 0;
};

long status_of(CURL* curl) {
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

// The text of an error is no part of a file.
std::size_t to_output(const char* bytes, std::size_t one, std::size_t count, void* context) {
  if (status_of(static_cast<Exchange*>(context)->curl) != 200) return one * count;
  for (std::size_t written = 0; written < count;) {
    const ssize_t some = ::write(STDOUT_FILENO, bytes + written, count - written);
    if (some < 0 && errno == EINTR) continue;
    if (some < 0) return 0;
    written += static_cast<std::size_t>(some);
  }
  return count;
}

std::size_t to_nowhere(const char*, std::size_t one, std::size_t count, void*) {
  return one * count;
}

std::size_t from_input(char* bytes, std::size_t one, std::size_t count, void*) {
  for (;;) {
    const ssize_t some = ::read(STDIN_FILENO, bytes, one * count);
    if (some < 0 && errno == EINTR) continue;
    return some < 0 ? CURL_READFUNC_ABORT : static_cast<std::size_t>(some);
  }
}

int fail(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  return kFailed;
}

int transfer(CURL* curl, std::string_view verb, const std::string& url, curl_off_t size) {
  Exchange exchange{curl};
  char error[CURL_ERROR_SIZE] = "";
  const bool is_https = url.starts_with("https://");
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "evalrun");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, is_https ? "https" : "http,https");
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, kMostRedirects);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, kLeastBytesPerSecond);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, kSlowSeconds);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, to_nowhere);
  if (const char* token = std::getenv("EVALRUN_FILES_TOKEN"); token != nullptr && *token != '\0') {
    curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, token);
  }
  if (verb == "get") {
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, size);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, to_output);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &exchange);
  } else if (verb == "has") {
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  } else {
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, size);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, from_input);
  }
  // Most servers do not say "continue", and curl would wait for that.
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(curl_slist_append(nullptr, "Expect:"),
                                                                            &curl_slist_free_all);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  const CURLcode code = curl_easy_perform(curl);
  const long status = status_of(curl);
  // The page of an error may be larger than the file.
  const bool is_only_its_page = code == CURLE_FILESIZE_EXCEEDED && status >= 400;
  if (code != CURLE_OK && !is_only_its_page) return fail(*error != '\0' ? error : curl_easy_strerror(code));
  if (verb == "has") {
    curl_off_t length = -1;
    curl_easy_getinfo(curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    return status == 200 && length == size ? 0 : kNotThere;
  }
  const bool is_done = verb == "get" ? status == 200 : status >= 200 && status < 300;
  if (is_done) return 0;
  fail("the server answers " + std::to_string(status));
  return status == 404 || status == 410 ? kNotThere : kFailed;
}

}  // namespace

int main(int count, char** words) {
  const std::string_view verb = count == 4 ? words[1] : "";
  curl_off_t size = 0;
  const std::string_view number = count == 4 ? words[3] : "";
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), size);
  if ((verb != "get" && verb != "has" && verb != "put") || error != std::errc{} ||
      end != number.data() + number.size()) {
    return fail("evalrun-http is started by evalrun, for --files https://...");
  }
  curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), &curl_easy_cleanup);
  if (!curl) return fail("no memory");
  return transfer(curl.get(), verb, words[2], size);
}
