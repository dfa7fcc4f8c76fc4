// Tells a person how far long work is: a bar on a terminal, plain lines
// elsewhere, nothing when quiet. Also where work asks whether to stop, and what
// ctrl-C has to do with that.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace lineas {

/// Receives the state of long work, and may end it early. The base class is
/// silent and patient.
class Progress {
 public:
  virtual ~Progress() = default;
  /// Work of `total` steps begins; `done` of them are behind us (a resume).
  virtual void begin(const std::string& /*what*/,
                     int64_t /*total*/,
                     int64_t /*done*/ = 0) {}
  /// The work turns out to be longer or shorter than was said.
  virtual void set_total(int64_t /*total*/) {}
  /// `done` steps are finished; `note` is a short "loss 0.123".
  virtual void update(int64_t /*done*/, const std::string& /*note*/) {}
  virtual void end() {}
  /// True where the work is to stop: it then throws cancelled, soon.
  virtual bool is_cancelled() const { return false; }
};

/// A bar with rate and time left on stderr where that is a terminal (redrawn
/// at most ten times a second), else one plain line every five seconds.
/// Cancelled by ctrl-C where an InterruptGuard is alive.
class TerminalProgress : public Progress {
 public:
  TerminalProgress();
  /// Ends the line of work that did not end: what is said next begins anew.
  ~TerminalProgress() override;
  TerminalProgress(const TerminalProgress&) = delete;
  TerminalProgress& operator=(const TerminalProgress&) = delete;
  void begin(const std::string& what, int64_t total, int64_t done = 0) override;
  void set_total(int64_t total) override { total_ = total; }
  void update(int64_t done, const std::string& note) override;
  void end() override;
  bool is_cancelled() const override;

 private:
  void draw(int64_t done, const std::string& note);

  using Clock = std::chrono::steady_clock;
  bool is_terminal_;
  bool has_open_line_ = false;
  std::string what_;
  int64_t total_ = 0;
  int64_t first_ = 0;
  int64_t last_ = 0;
  std::string note_;
  Clock::time_point start_;
  Clock::time_point drawn_;
};

/// Makes SIGINT and SIGTERM set a flag instead of ending the process; the
/// former handlers come back with the destructor. A second ctrl-C ends it.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
};
/// True once ctrl-C was pressed inside the guards that are alive.
bool interrupted();

}  // namespace lineas
