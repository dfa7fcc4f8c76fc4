// The ground truth about a text of the bundled world: its tone, topic, mood and
// truth, and whether its sentences are sentences of that world. Parses with the
// grammar that the text was drawn from, so nothing is guessed. Knows nothing of
// models: text in, verdict out, a few microseconds a sentence.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lineas/eval/world.h"

namespace lineas {

/// What a text says.
struct Reading {
  std::string tone;   // rude, polite or neutral; neutral where nothing shows
  std::string topic;  // a topic of the world, or none
  std::string mood;   // a mood of the world, or none
  std::string truth;  // true, false (what is stated is), or none
  bool grammatical = true;  // no sentence outside the grammar
  int sentences = 0;        // complete ones, in the grammar
  std::string stray;  // the first sentence outside the grammar, up to its end
  std::vector<std::vector<int>> shown;  // [label][value]: how often it shows
};

/// Reads texts of one world.
class Oracle {
 public:
  explicit Oracle(World world);

  /// Judges a whole text. A sentence cut off by the end of the text is passed
  /// over, as long as it could still become one.
  Reading read(std::string_view text) const;

  /// Judges a continuation: the text is prompt + continuation, and only the
  /// sentences that end inside the continuation count.
  Reading read(std::string_view prompt, std::string_view continuation) const;

  const World& world() const { return world_; }

 private:
  Reading read_from(std::string_view text, size_t begin) const;
  void decide(Reading& reading) const;

  World world_;
};

}  // namespace lineas
