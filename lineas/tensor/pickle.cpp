// The stack machine that a pickle is a program of (Python, pickletools.py: the
// table of opcodes). Protocols 0 and 1 are left out: torch.save writes 2.
#include "lineas/tensor/pickle.h"

#include <bit>

#include "lineas/tensor/pickle_stack.h"

namespace lineas {
namespace {

enum Opcode : unsigned char {
  kMark = '(',
  kEmptyTuple = ')',
  kStop = '.',
  kPop = '0',
  kPopMark = '1',
  kDup = '2',
  kBinBytes = 'B',
  kShortBinBytes = 'C',
  kBinFloat = 'G',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kNone = 'N',
  kBinPersId = 'Q',
  kReduce = 'R',
  kBinString = 'T',
  kShortBinString = 'U',
  kBinUnicode = 'X',
  kEmptyList = ']',
  kAppend = 'a',
  kBuild = 'b',
  kGlobal = 'c',
  kAppends = 'e',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kSetItem = 's',
  kTuple = 't',
  kSetItems = 'u',
  kEmptyDict = '}',
  kProto = 0x80,
  kNewObj = 0x81,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kLong1 = 0x8a,
  kShortBinUnicode = 0x8c,
  kBinUnicode8 = 0x8d,
  kBinBytes8 = 0x8e,
  kEmptySet = 0x8f,
  kAddItems = 0x90,
  kFrozenSet = 0x91,
  kStackGlobal = 0x93,
  kMemoize = 0x94,
  kFrame = 0x95
};

class Reader {
 public:
  Reader(std::span<const std::byte> bytes, std::string_view where)
      : maker_(where), bytes_(bytes, maker_), stack_(maker_) {}

  Pickle read();

 private:
  // Each answers whether the opcode was one of its kind.
  bool read_number(unsigned char opcode);
  bool read_text(unsigned char opcode);
  bool read_container(unsigned char opcode);
  bool fill_container(unsigned char opcode);
  bool read_memo(unsigned char opcode);
  bool read_call(unsigned char opcode);
  bool read_other(unsigned char opcode);

  PickleMaker maker_;
  PickleBytes bytes_;
  PickleStack stack_;
};

bool Reader::read_number(unsigned char opcode) {
  switch (opcode) {
    case kNone:
      stack_.push(maker_.make(PickleKind::none));
      return true;
    case kNewTrue:
    case kNewFalse:
      stack_.push(maker_.make(PickleKind::boolean));
      stack_.top().integer = opcode == kNewTrue;
      return true;
    case kBinInt:
      stack_.push(
          maker_.make_integer(static_cast<int32_t>(bytes_.take_unsigned(4))));
      return true;
    case kBinInt1:
      stack_.push(
          maker_.make_integer(static_cast<int64_t>(bytes_.take_unsigned(1))));
      return true;
    case kBinInt2:
      stack_.push(
          maker_.make_integer(static_cast<int64_t>(bytes_.take_unsigned(2))));
      return true;
    case kLong1: {
      const uint64_t count = bytes_.take_unsigned(1);
      if (count > 8) maker_.refuse("a number of {} bytes is too large", count);
      const int unused = static_cast<int>(64 - 8 * count);
      const uint64_t bits = bytes_.take_unsigned(count);
      // Shifted up and down again: the sign spreads.
      stack_.push(maker_.make_integer(
          count == 0 ? 0 : static_cast<int64_t>(bits << unused) >> unused));
      return true;
    }
    case kBinFloat: {
      uint64_t bits = 0;
      for (const char byte : bytes_.take(8))  // the one big endian opcode
        bits = bits << 8 | static_cast<unsigned char>(byte);
      stack_.push(maker_.make(PickleKind::real));
      stack_.top().real = std::bit_cast<double>(bits);
      return true;
    }
    default:
      return false;
  }
}

bool Reader::read_text(unsigned char opcode) {
  const auto text = [this](size_t length_bytes) {
    stack_.push(
        maker_.make_text(PickleKind::text, bytes_.take_utf8(length_bytes)));
    return true;
  };
  const auto bytes = [this](PickleKind kind, size_t length_bytes) {
    stack_.push(maker_.make_text(
        kind, bytes_.take(bytes_.take_unsigned(length_bytes))));
    return true;
  };
  switch (opcode) {
    case kShortBinUnicode:
      return text(1);
    case kBinUnicode:
      return text(4);
    case kBinUnicode8:
      return text(8);
    case kShortBinString:  // Python 2's str: names of tensors
      return bytes(PickleKind::text, 1);
    case kBinString:
      return bytes(PickleKind::text, 4);
    case kShortBinBytes:
      return bytes(PickleKind::bytes, 1);
    case kBinBytes:
      return bytes(PickleKind::bytes, 4);
    case kBinBytes8:
      return bytes(PickleKind::bytes, 8);
    default:
      return false;
  }
}

bool Reader::read_container(unsigned char opcode) {
  switch (opcode) {
    case kEmptyList:
      stack_.push_some(PickleKind::list, {});
      return true;
    case kEmptyDict:
      stack_.push_some(PickleKind::dict, {});
      return true;
    case kEmptySet:
      stack_.push_some(PickleKind::set, {});
      return true;
    case kEmptyTuple:
      stack_.push_some(PickleKind::tuple, {});
      return true;
    case kTuple1:
    case kTuple2:
    case kTuple3:
      stack_.push_some(PickleKind::tuple,
                       stack_.pop_some(opcode - kTuple1 + 1));
      return true;
    case kTuple:
      stack_.push_some(PickleKind::tuple, stack_.pop_to_mark());
      return true;
    case kFrozenSet:
      stack_.push_some(PickleKind::set, stack_.pop_to_mark());
      return true;
    default:
      return false;
  }
}

bool Reader::fill_container(unsigned char opcode) {
  switch (opcode) {
    case kAppend:
      stack_.add_items(PickleKind::list, stack_.pop_some(1));
      return true;
    case kAppends:
      stack_.add_items(PickleKind::list, stack_.pop_to_mark());
      return true;
    case kAddItems:
      stack_.add_items(PickleKind::set, stack_.pop_to_mark());
      return true;
    case kSetItem:
      stack_.add_pairs(stack_.pop_some(2));
      return true;
    case kSetItems:
      stack_.add_pairs(stack_.pop_to_mark());
      return true;
    default:
      return false;
  }
}

bool Reader::read_memo(unsigned char opcode) {
  switch (opcode) {
    case kBinPut:
      stack_.remember(bytes_.take_unsigned(1));
      return true;
    case kLongBinPut:
      stack_.remember(bytes_.take_unsigned(4));
      return true;
    case kMemoize:
      stack_.remember(stack_.remembered());
      return true;
    case kBinGet:
      stack_.recall(bytes_.take_unsigned(1));
      return true;
    case kLongBinGet:
      stack_.recall(bytes_.take_unsigned(4));
      return true;
    default:
      return false;
  }
}

bool Reader::read_call(unsigned char opcode) {
  switch (opcode) {
    case kGlobal: {
      const std::string_view module = bytes_.take_line(),
                             name = bytes_.take_line();
      stack_.push(make_global(maker_, module, name));
      return true;
    }
    case kStackGlobal: {
      const PickleValue &name = stack_.pop(), &module = stack_.pop();
      if (name.kind != PickleKind::text || module.kind != PickleKind::text)
        maker_.refuse("the name of a class is not a text");
      stack_.push(make_global(maker_, module.text, name.text));
      return true;
    }
    case kReduce:
    case kNewObj: {
      const PickleValue &arguments = stack_.pop(), &callee = stack_.pop();
      stack_.push(call_global(maker_, callee, arguments));
      return true;
    }
    case kBuild: {
      const PickleValue& state = stack_.pop();
      set_state(maker_, stack_.top(), state);
      return true;
    }
    case kBinPersId:
      stack_.push(make_storage(maker_, stack_.pop()));
      return true;
    default:
      return false;
  }
}

bool Reader::read_other(unsigned char opcode) {
  switch (opcode) {
    case kMark:
      stack_.mark();
      return true;
    case kPop:
      stack_.pop();
      return true;
    case kPopMark:
      stack_.pop_to_mark();
      return true;
    case kDup:
      stack_.push(stack_.top());
      return true;
    case kProto: {
      const uint64_t protocol = bytes_.take_unsigned(1);
      if (protocol < 2 || protocol > 5)
        maker_.refuse("protocol {} is unknown (2 to 5 are read)", protocol);
      return true;
    }
    case kFrame:  // a hint for readers of streams
      bytes_.take_unsigned(8);
      return true;
    default:
      return false;
  }
}

Pickle Reader::read() {
  while (true) {
    maker_.stand_at(bytes_.position());
    const auto opcode = static_cast<unsigned char>(bytes_.take(1)[0]);
    if (opcode == kStop) break;
    if (!read_number(opcode) && !read_text(opcode) && !read_container(opcode) &&
        !fill_container(opcode) && !read_memo(opcode) && !read_call(opcode) &&
        !read_other(opcode))
      maker_.refuse("opcode 0x{:02x} is unknown", opcode);
  }
  const PickleValue& root = stack_.pop();
  if (!stack_.is_empty()) maker_.refuse("values are left over at the end");
  return {maker_.take(), &root, bytes_.position()};
}

}  // namespace

std::string_view name_of(PickleKind kind) {
  constexpr std::string_view kNames[] = {"None",
                                         "a boolean",
                                         "an integer",
                                         "a number",
                                         "a text",
                                         "bytes",
                                         "a list",
                                         "a tuple",
                                         "a dict",
                                         "a set",
                                         "a class",
                                         "a storage",
                                         "a tensor"};
  return kNames[static_cast<size_t>(kind)];
}

const PickleValue* PickleValue::find(std::string_view key) const {
  if (kind != PickleKind::dict) return nullptr;
  for (size_t i = items.size(); i >= 2; i -= 2)
    if (items[i - 2]->kind == PickleKind::text && items[i - 2]->text == key)
      return items[i - 1];
  return nullptr;
}

Pickle read_pickle(std::span<const std::byte> bytes, std::string_view where) {
  return Reader(bytes, where).read();
}

}  // namespace lineas
