#include "lineas/base/progress.h"

#include <gtest/gtest.h>

#include <csignal>

#include "lineas/base/log.h"

namespace lineas {
namespace {

TEST(Progress, PlainLinesWhereThereIsNoTerminal) {
  testing::internal::CaptureStderr();
  TerminalProgress progress;
  progress.begin("learn", 10, 2);
  progress.update(7, "loss 1");
  progress.update(10, "loss 0.5");
  progress.end();
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_EQ(text.find("learn 10/10"), 0u) << text;
  EXPECT_NE(text.find("loss 0.5\n"), std::string::npos) << text;
}

TEST(Progress, GoesOnWhereWorkTurnsOutLonger) {
  testing::internal::CaptureStderr();
  TerminalProgress progress;
  progress.begin("learn", 10);
  progress.set_total(12);
  progress.update(12, "");
  progress.end();
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_EQ(text.find("learn 12/12"), 0u) << text;
}

TEST(Interrupt, IsSeenInsideAGuardAndForgottenByTheNext) {
  {
    const InterruptGuard guard;
    EXPECT_FALSE(interrupted());
    {
      const InterruptGuard nested;
      std::raise(SIGINT);
    }
    EXPECT_TRUE(interrupted());
  }
  const InterruptGuard guard;
  EXPECT_FALSE(interrupted());
}

TEST(Interrupt, ASecondOneEndsTheProcess) {
  EXPECT_EXIT(
      {
        const InterruptGuard guard;
        std::raise(SIGINT);
        std::raise(SIGINT);
      },
      testing::KilledBySignal(SIGINT),
      "");
}

TEST(Log, SinkIsReplacedAndRestored) {
  std::string seen;
  const LogSink before =
      set_log_sink([&](LogLevel level, const std::string& message) {
        seen += (level == LogLevel::warning ? "W:" : "I:") + message;
      });
  log_info("{} of {}", 1, 2);
  log_warning("careful");
  set_log_sink(before);
  testing::internal::CaptureStderr();
  log_warning("to stderr");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "warning: to stderr\n");
  EXPECT_EQ(seen, "I:1 of 2W:careful");
}

}  // namespace
}  // namespace lineas
