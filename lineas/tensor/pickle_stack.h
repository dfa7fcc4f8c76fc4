// The hands of the pickle reader: its bytes, and its stack with marks and memo.
// Neither knows an opcode; both refuse what is out of reach.
#pragma once

#include <unordered_map>

#include "lineas/tensor/pickle_calls.h"

namespace lineas {

/// The bytes of a pickle, taken from the front.
class PickleBytes {
 public:
  PickleBytes(std::span<const std::byte> bytes, const PickleMaker& maker)
      : bytes_(bytes), maker_(maker) {}

  size_t position() const { return at_; }
  std::string_view take(uint64_t count);
  /// Little endian, of `count` bytes.
  uint64_t take_unsigned(size_t count);
  /// Up to a line feed, which is taken too.
  std::string_view take_line();
  /// A length of that many bytes, and a text.
  std::string_view take_utf8(size_t length_bytes);

 private:
  std::span<const std::byte> bytes_;
  const PickleMaker& maker_;
  size_t at_ = 0;
};

/// Values below the last mark are out of reach, as in Python.
class PickleStack {
 public:
  explicit PickleStack(PickleMaker& maker) : maker_(maker) {}

  bool is_empty() const { return stack_.empty() && marks_.empty(); }
  void push(PickleValue& value) { stack_.push_back(&value); }
  void push_some(PickleKind kind, std::vector<const PickleValue*> items);
  PickleValue& top();
  /// The top, which must be of that kind.
  PickleValue& top(PickleKind kind);
  PickleValue& pop();
  std::vector<const PickleValue*> pop_some(size_t count);
  void mark();
  std::vector<const PickleValue*> pop_to_mark();

  /// Adds to the container on top.
  void add_items(PickleKind kind, std::vector<const PickleValue*> items);
  void add_pairs(std::vector<const PickleValue*> pairs);

  /// Keeps the top in the memo, and pushes what is kept.
  void remember(uint64_t place);
  void recall(uint64_t place);
  size_t remembered() const { return memo_.size(); }

 private:
  PickleMaker& maker_;
  std::vector<PickleValue*> stack_;
  std::vector<size_t> marks_;  // the stack's size when each was set
  std::unordered_map<uint64_t, PickleValue*> memo_;
};

}  // namespace lineas
