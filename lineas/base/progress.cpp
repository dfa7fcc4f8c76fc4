#include "lineas/base/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>

namespace lineas {
namespace {

constexpr int kBarWidth = 24;
constexpr std::chrono::milliseconds kTerminalPeriod{100};
constexpr std::chrono::seconds kPlainPeriod{5};

std::string format_seconds(double seconds) {
  const auto whole = static_cast<int64_t>(seconds + 0.5);
  if (whole >= 3600) {
    return fmt::format("{}h{:02}m", whole / 3600, whole % 3600 / 60);
  }
  if (whole >= 60) return fmt::format("{}m{:02}s", whole / 60, whole % 60);
  return fmt::format("{}s", whole);
}

std::string bar(int64_t done, int64_t total) {
  const auto filled = static_cast<size_t>(
      total > 0 ? std::clamp<int64_t>(kBarWidth * done / total, 0, kBarWidth)
                : 0);
  return std::string(filled, '#') + std::string(kBarWidth - filled, '.');
}

volatile std::sig_atomic_t interrupt_seen = 0;
int guard_depth = 0;
struct sigaction former_int;
struct sigaction former_term;

void on_signal(int signal) {
  if (interrupt_seen != 0) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
  interrupt_seen = 1;
}

}  // namespace

TerminalProgress::TerminalProgress()
    : is_terminal_(isatty(STDERR_FILENO) == 1) {}

TerminalProgress::~TerminalProgress() {
  if (has_open_line_) fmt::print(stderr, "\n");
}

void TerminalProgress::begin(const std::string& what,
                             int64_t total,
                             int64_t done) {
  what_ = what;
  total_ = total;
  first_ = last_ = done;
  note_.clear();
  start_ = Clock::now();
  // A terminal shows the empty bar at once; plain lines wait a period.
  drawn_ = start_;
  if (is_terminal_) draw(done, note_);
}

void TerminalProgress::update(int64_t done, const std::string& note) {
  last_ = done;
  note_ = note;
  const Clock::duration since = Clock::now() - drawn_;
  const bool due =
      is_terminal_ ? since >= kTerminalPeriod : since >= kPlainPeriod;
  if (due) draw(done, note);
}

void TerminalProgress::end() {
  draw(last_, note_);
  if (is_terminal_) fmt::print(stderr, "\n");
  has_open_line_ = false;
}

void TerminalProgress::draw(int64_t done, const std::string& note) {
  drawn_ = Clock::now();
  const double seconds = std::chrono::duration<double>(drawn_ - start_).count();
  std::string line = fmt::format("{} {}/{}", what_, done, total_);
  if (is_terminal_) {
    line = fmt::format("{} [{}] {}/{}", what_, bar(done, total_), done, total_);
  }
  if (done > first_ && seconds > 0) {
    const double rate = static_cast<double>(done - first_) / seconds;
    line += fmt::format("  {:.3g}/s", rate);
    const double left = static_cast<double>(total_ - done) / rate;
    line += done < total_ ? fmt::format("  {} left", format_seconds(left))
                          : fmt::format("  in {}", format_seconds(seconds));
  }
  if (!note.empty()) line += "  " + note;
  if (is_terminal_) {
    fmt::print(stderr, "\r\x1b[K{}", line);
    has_open_line_ = true;
  } else {
    fmt::print(stderr, "{}\n", line);
  }
  std::fflush(stderr);
}

bool TerminalProgress::is_cancelled() const {
  return interrupted();
}

InterruptGuard::InterruptGuard() {
  if (guard_depth++ > 0) return;
  interrupt_seen = 0;
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, &former_int);
  sigaction(SIGTERM, &action, &former_term);
}

InterruptGuard::~InterruptGuard() {
  if (--guard_depth > 0) return;
  sigaction(SIGINT, &former_int, nullptr);
  sigaction(SIGTERM, &former_term, nullptr);
}

bool interrupted() {
  return guard_depth > 0 && interrupt_seen != 0;
}

}  // namespace lineas
