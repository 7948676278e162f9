// HTML reports in a browser: what hostile programs print stays text, and the page can be used by keyboard, by pointer
// and by a screen reader. EVALRUN_SCREENSHOTS names a folder for pictures of the pages.

#include "tests/report/browser.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>

#include "runtime/core/text.h"
#include "runtime/report/html_data.h"
#include "runtime/report/html_report.h"
#include "tests/report/boards.h"

namespace evalrun::test {
namespace {

using nlohmann::json;
using report::Board;

class Report : public testing::Test {
 protected:
  void show(const Board& board) { browser_.open(folder_.write("report.html", report::html_report(board))); }

  void keep_picture(const std::string& name) {
    const char* pictures = std::getenv("EVALRUN_SCREENSHOTS");
    if (pictures == nullptr || *pictures == '\0') return;
    std::filesystem::create_directories(pictures);
    browser_.screenshot(std::filesystem::path(pictures) / (name + ".png"));
  }

  json text_of(const std::string& selector) {
    return browser_.evaluate("(document.querySelector(" + json(selector).dump() + ") || {}).textContent");
  }
  json count_of(const std::string& selector) {
    return browser_.evaluate("document.querySelectorAll(" + json(selector).dump() + ").length");
  }
  // Where the keyboard is: the row's heading and the column's place.
  json focus() {
    return browser_.evaluate(
        "[document.activeElement.parentElement.cells[0].textContent, document.activeElement.cellIndex]");
  }

  TemporaryFolder folder_;
  Browser browser_;
};

TEST_F(Report, runs_no_script_of_a_program_and_shows_every_text_as_it_is) {
  show(board_with("harmless"));
  browser_.click("tbody tr:first-child td[data-c='0']");
  const json elements = count_of("*");
  for (const std::string& hostile : hostile_texts()) {
    if (hostile.empty()) continue;
    SCOPED_TRACE(hostile.substr(0, 100));
    show(board_with(hostile));
    browser_.click("tbody tr:first-child td[data-c='0']");
    EXPECT_EQ(browser_.evaluate("typeof window.owned"), "undefined");
    EXPECT_EQ(count_of("img, svg[onload], iframe, object, link, base, a"), 0);
    EXPECT_EQ(count_of("script"), 2);
    EXPECT_EQ(browser_.evaluate("performance.getEntriesByType('resource').length"), 0) << "nothing is loaded";
    EXPECT_EQ(count_of("*"), elements) << "as many elements as of harmless text";
    // Every text is there, to the letter: the name, what standard error holds, and the output around its mark.
    const std::string name = one_line(report::short_name(hostile));
    EXPECT_EQ(text_of("h1"), name);
    EXPECT_EQ(text_of("#detail h2"), name + ", case " + name);
    const std::string shown = printable(hostile.substr(0, report::kExcerptBytes));
    EXPECT_EQ(browser_.evaluate("[...document.querySelectorAll('#detail pre')].map(p => p.textContent)"),
              (json{shown, browser_.evaluate("document.querySelectorAll('#detail pre')[1].textContent"),
                    browser_.evaluate("document.querySelectorAll('#detail pre')[2].textContent"), shown}));
    for (const char* pre : {"1", "2"}) {
      const std::string body = "document.querySelectorAll('#detail pre')[" + std::string(pre) + "]";
      const std::string marked = browser_.evaluate("(" + body + ".querySelector('mark') || " + body + ").textContent");
      EXPECT_FALSE(marked.empty());
    }
    EXPECT_LE(browser_.evaluate("document.documentElement.scrollWidth"), browser_.evaluate("window.innerWidth"))
        << "a long line does not widen the page";
  }
}

TEST_F(Report, its_policy_refuses_a_script_that_got_into_the_page_after_all) {
  std::string page = report::html_report(small_board());
  page.insert(page.find("</main>"),
              "<script>window.owned = 1</script><img src=\"data:image/png;base64,AA\" "
              "onerror=\"window.owned = 2\"><p id=styled style=\"color: red\">x</p>");
  browser_.open(folder_.write("report.html", page));
  EXPECT_EQ(browser_.evaluate("typeof window.owned"), "undefined");
  EXPECT_NE(browser_.evaluate("getComputedStyle(document.getElementById('styled')).color"), "rgb(255, 0, 0)");
  // The page's own style and script do work.
  EXPECT_EQ(browser_.evaluate("getComputedStyle(document.querySelector('thead th')).position"), "sticky");
  EXPECT_EQ(count_of("[tabindex='0']"), 1);
}

// Whether the middle of the focused element is to be seen: nothing lies over it.
constexpr const char* kVisible =
    "(() => { const r = document.activeElement.getBoundingClientRect();"
    " return document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2) === document.activeElement; })()";

TEST_F(Report, can_be_used_by_keyboard_alone) {
  show(small_board());
  keep_picture("matrix");
  browser_.evaluate("document.getElementById('only').focus()");
  browser_.press("Tab");
  EXPECT_EQ(focus(), (json{"accepted/good.cppC++", 0})) << "the table is one stop";
  browser_.press("ArrowDown");
  browser_.press("ArrowRight");
  EXPECT_EQ(focus(), (json{"wrong_answer/bad.pyPython", 1}));
  browser_.press("End");
  EXPECT_EQ(focus(), (json{"wrong_answer/bad.pyPython", 9}));
  browser_.press("ArrowRight");
  EXPECT_EQ(focus(), (json{"wrong_answer/bad.pyPython", 9})) << "there is no more";
  browser_.press("ArrowLeft");
  browser_.press("ArrowLeft");
  EXPECT_EQ(browser_.evaluate("document.activeElement.matches(':focus-visible')"), true);
  EXPECT_EQ(browser_.evaluate("getComputedStyle(document.activeElement).outlineStyle"), "solid");
  EXPECT_EQ(browser_.evaluate("document.getElementById('detail').hidden"), true);
  browser_.press("Enter");
  EXPECT_EQ(text_of("#detail h2"), "wrong_answer/bad.py, case small");
  EXPECT_EQ(browser_.evaluate("[...document.querySelectorAll('#detail mark')].map(m => m.textContent)"),
            (json{"6", "5"}));
  EXPECT_EQ(focus()[1], 7) << "and the keyboard stays in the table";
  keep_picture("detail");
  EXPECT_EQ(browser_.evaluate(kVisible), true) << "beside the details";
  browser_.press("ArrowRight");
  EXPECT_EQ(text_of("#detail h2"), "wrong_answer/bad.py, case large") << "the details follow";
  EXPECT_EQ(text_of("#detail dd"), "not run");
  browser_.press("Tab");
  EXPECT_EQ(browser_.evaluate("document.activeElement.textContent"), "Close");
  browser_.press("Escape");
  EXPECT_EQ(browser_.evaluate("document.getElementById('detail').hidden"), true);
  EXPECT_EQ(focus(), (json{"wrong_answer/bad.pyPython", 8})) << "back where it was";
  constexpr int kControl = 2;
  browser_.press("Home", kControl);
  EXPECT_EQ(focus(), (json{"accepted/good.cppC++", 0}));
  browser_.press("End", kControl);
  EXPECT_EQ(focus(), (json{"accepted/slow.cppC++", 9}));
  browser_.press("Home");
  browser_.press("ArrowDown");
  EXPECT_EQ(focus(), (json{"accepted/slow.cppC++", 0}));
  browser_.press("Enter");
  EXPECT_EQ(text_of("#detail h2"), "accepted/slow.cpp");
}

TEST_F(Report, shows_an_exchange_with_an_interactor_side_by_side) {
  show(small_board());
  browser_.click("tbody tr:nth-child(3) td[data-c='0']");
  keep_picture("exchange");
  EXPECT_EQ(
      browser_.evaluate("[...document.querySelectorAll('.talk tr')].map(r => [...r.cells].map(c => c.textContent))"),
      json::parse(R"([["Time","From the submission","To the submission"],["1.0 ms","","10\n"],
                            ["2.0 ms","? 5\n",""],["3.0 ms","","higher\n"]])"));
  EXPECT_NE(text_of("#detail").get<std::string>().find("and 7 more"), std::string::npos);
}

TEST_F(Report, is_a_named_grid_with_headings_and_tells_what_is_selected) {
  show(small_board());
  browser_.click("tbody tr:nth-child(2) td[data-c='1']");
  EXPECT_EQ(browser_.evaluate("document.getElementById('results').getAttribute('role')"), "grid");
  EXPECT_EQ(browser_.evaluate("document.getElementById(document.getElementById('results')"
                              ".getAttribute('aria-labelledby')).textContent"),
            "Submissions and cases");
  EXPECT_EQ(browser_.evaluate("document.documentElement.lang"), "en");
  EXPECT_EQ(count_of("tbody th[scope=row]"), 3);
  EXPECT_EQ(count_of("thead th:not([scope]):not(:first-child)"), 0);
  EXPECT_EQ(count_of("[aria-selected=true]"), 1);
  EXPECT_EQ(browser_.evaluate("[document.getElementById('status').getAttribute('role'),"
                              " document.getElementById('status').textContent]"),
            (json{"status", "wrong_answer/bad.py, case small: wrong answer. Tab goes to the details."}));
  EXPECT_EQ(browser_.evaluate("document.getElementById(document.getElementById('detail')"
                              ".getAttribute('aria-labelledby')).textContent"),
            "wrong_answer/bad.py, case small");
  // A heading of each level, in order.
  EXPECT_EQ(browser_.evaluate(
                "[...document.querySelectorAll('h1,h2,h3')].map(h => h.tagName).join('').replace(/(H3)+/, '$1')"),
            "H1H2H2H3");
}

TEST_F(Report, hides_what_passed_when_it_is_asked_to) {
  show(small_board());
  browser_.click("#only");
  EXPECT_EQ(
      browser_.evaluate("[...document.querySelectorAll('tbody tr:not([hidden])')].map(r => r.cells[0].textContent)"),
      (json{"accepted/slow.cppC++"}))
      << "the other two came to what they are labelled with";
  EXPECT_EQ(browser_.evaluate("document.querySelector('[tabindex=\"0\"]').parentElement.cells[0].textContent"),
            "accepted/slow.cppC++");
}

// The contrast of two colours as WCAG 2 has it.
constexpr const char* kContrast = R"((() => {
  const channel = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = (text) => {
    const [r, g, b] = text.match(/[\d.]+/g).map(Number);
    return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  };
  const back = (node) => {
    for (; node; node = node.parentElement) {
      const colour = getComputedStyle(node).backgroundColor;
      if (!/, 0\)$/.test(colour)) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  let least = 99;
  for (const node of document.querySelectorAll('h1,h2,h3,p,dt,dd,li,th,td,small,span,button,pre,mark,label')) {
    if (!node.textContent.trim() || node.classList.contains('unseen')) continue;
    const [a, b] = [light(getComputedStyle(node).color), light(back(node))];
    least = Math.min(least, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
  }
  return least;
})())";

TEST_F(Report, can_be_read_in_light_and_in_dark) {
  Board board = small_board();
  board.rows[1].cells[0].verdict = "MLE";
  board.rows[0].cells[0].verdict = "IE";
  show(board);
  browser_.click("tbody tr:nth-child(2) td[data-c='1']");
  browser_.prefer("light");
  const json light = browser_.evaluate("getComputedStyle(document.body).backgroundColor");
  EXPECT_GE(browser_.evaluate(kContrast).get<double>(), 4.5);
  browser_.prefer("dark");
  EXPECT_NE(browser_.evaluate("getComputedStyle(document.body).backgroundColor"), light);
  EXPECT_GE(browser_.evaluate(kContrast).get<double>(), 4.5);
  keep_picture("dark");
}

TEST_F(Report, of_48_submissions_and_300_cases_is_quick) {
  const std::filesystem::path page = folder_.write("large.html", report::html_report(large_board(48, 300)));
  const auto start = std::chrono::steady_clock::now();
  browser_.open(page);
  const std::chrono::duration<double> loading = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(count_of("td.v"), 48 * 300);
  const double shown = browser_.evaluate(
      "(() => { const start = performance.now();"
      " document.querySelector('tbody tr:nth-child(4) td[data-c=\"200\"]').click();"
      " document.body.offsetHeight; return performance.now() - start; })()");
  EXPECT_EQ(browser_.evaluate(kVisible), true);
  keep_picture("large");
  EXPECT_LT(loading.count(), 15) << "seconds, on a machine that does much else";
  EXPECT_LT(shown, 2000) << "milliseconds";
  std::printf("loaded in %.2f s, a case shown in %.0f ms, %ju KiB\n", loading.count(), shown,
              static_cast<std::uintmax_t>(std::filesystem::file_size(page) >> 10));
}

TEST_F(Report, of_one_submission_lists_its_cases) {
  Board board = small_board();
  board.rows = {board.rows[1]};
  show(board);
  keep_picture("list");
  browser_.click("tbody tr:nth-child(3) td");
  EXPECT_EQ(text_of("#detail h2"), "wrong_answer/bad.py, case small");
  browser_.click("tbody tr:nth-child(1) td");
  EXPECT_EQ(text_of("#detail h2"), "wrong_answer/bad.py");
}

}  // namespace
}  // namespace evalrun::test
