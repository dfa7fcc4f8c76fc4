// Pickles written by hand, opcode by opcode; those of torch.save are in
// torch_file_test.cpp. Covers lineas/tensor/pickle_calls.cpp and
// lineas/tensor/pickle_stack.cpp.
#include "lineas/tensor/pickle.h"

#include "tests/support/errors.h"

namespace lineas {
namespace {

using namespace std::string_literals;
using testing::expect_error;

Pickle read(const std::string& bytes) {
  return read_pickle(std::as_bytes(std::span(bytes)), "test.pkl");
}

const PickleValue& root_of(const Pickle& pickle) {
  return *pickle.root;
}

void expect_bad(const std::string& bytes, std::vector<std::string> parts) {
  parts.push_back("test.pkl: pickle: byte");
  expect_error(ErrorKind::format, parts, [&] { read(bytes); });
}

int64_t integer(const std::string& bytes) {
  const Pickle pickle = read(bytes + ".");
  EXPECT_EQ(pickle.root->kind, PickleKind::integer);
  EXPECT_EQ(pickle.size, bytes.size() + 1);
  return pickle.root->integer;
}

TEST(Pickle, Numbers) {
  EXPECT_EQ(integer("K\xff"), 255);
  EXPECT_EQ(integer("M\x01\x02"), 0x201);
  EXPECT_EQ(integer("J\xfe\xff\xff\xff"), -2);
  EXPECT_EQ(integer("\x8a\x00"s), 0);
  EXPECT_EQ(integer("\x8a\x01\xff"), -1);
  EXPECT_EQ(integer("\x8a\x02\xff\x00"s), 255);
  EXPECT_EQ(integer("\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80"s), INT64_MIN);
  const Pickle real = read("G\x3f\xe0\x00\x00\x00\x00\x00\x00."s);
  EXPECT_EQ(real.root->real, 0.5);
  expect_bad("\x8a\x09"s + std::string(9, '\1') + ".", {"9 bytes"});
}

TEST(Pickle, TextsOfAllLengths) {
  for (const std::string& text : {"\x8c\x02hi."s,
                                  "X\x02\0\0\0hi."s,
                                  "\x8d\x02\0\0\0\0\0\0\0hi."s,
                                  "U\x02hi."s,
                                  "T\x02\0\0\0hi."s}) {
    const Pickle pickle = read(text);
    EXPECT_EQ(pickle.root->kind, PickleKind::text);
    EXPECT_EQ(pickle.root->text, "hi");
  }
  EXPECT_EQ(read("C\x01\xff."s).root->text, "\xff");
  EXPECT_EQ(read("B\x01\0\0\0\xff."s).root->kind, PickleKind::bytes);
  expect_bad("X\x01\0\0\0\xff."s, {"UTF-8"});
  expect_bad("X\xff\xff\xff\x7fhi."s, {"2147483647 bytes are wanted"});
}

TEST(Pickle, ContainersShareWhatTheMemoKeeps) {
  // {"a": [1, 2], "b": the same list, "c": (the list, None)}
  const Pickle pickle = read(
      "\x80\x02}(\x8c\x01"
      "a](K\x01K\x02"
      "eq\x05\x8c\x01"
      "bh\x05"
      "\x8c\x01"
      "ch\x05N\x86u."s);
  const PickleValue& dict = root_of(pickle);
  ASSERT_EQ(dict.kind, PickleKind::dict);
  const PickleValue* list = dict.find("a");
  ASSERT_NE(list, nullptr);
  ASSERT_EQ(list->items.size(), 2u);
  EXPECT_EQ(list->items[1]->integer, 2);
  EXPECT_EQ(dict.find("b"), list);
  EXPECT_EQ(dict.find("c")->items[0], list);
  EXPECT_EQ(dict.find("c")->items[1]->kind, PickleKind::none);
  EXPECT_EQ(dict.find("d"), nullptr);
  EXPECT_EQ(list->find("a"), nullptr);
}

TEST(Pickle, AListMayHoldItself) {
  const Pickle pickle = read("]q\0h\0a."s);
  EXPECT_EQ(pickle.root->items[0], pickle.root);
}

TEST(Pickle, RefusesWhatNoPicklerWrites) {
  expect_bad("", {"1 bytes are wanted"});
  expect_bad(".", {"empty stack"});
  expect_bad("K\x01", {"Is the file complete?"});
  expect_bad("K\x01K\x02.", {"left over"});
  expect_bad("(K\x01.", {"left over"});
  expect_bad("(0.", {"empty stack"});  // below the mark is out of reach
  expect_bad("t.", {"mark is missing"});
  expect_bad("h\x03.", {"value 3", "never kept"});
  expect_bad(
      "}K\x01"
      "e.",
      {"mark is missing"});
  expect_bad("}(K\x01u.", {"a key has no value"});
  expect_bad(
      "K\x01(K\x01"
      "e.",
      {"an integer is filled as if", "a list"});
  expect_bad("\x80\x01N.", {"protocol 1"});
  expect_bad("I5\n.", {"byte 0", "opcode 0x49"});
  expect_bad("ccollections", {"no end"});
  expect_bad("K\x01)R.", {"an integer is called"});
  expect_bad("ccollections\nOrderedDict\nNR.", {"a class is called with None"});
  expect_bad("NN\x93.", {"name of a class"});
  expect_bad("]Nb.", {"a list is given None"});
  expect_bad(std::string(1001, '('), {"deeper than 1000"});
}

TEST(Pickle, RefusesForeignClassesByName) {
  for (const std::string& bytes :
       {"cposix\nsystem\n(X\x02\0\0\0idtR."s,
        "cbuiltins\neval\n."s,
        "c__builtin__\ngetattr\n."s,
        "\x8c\x05posix\x8c\x06system\x93."s,
        "ctorch._utils\n_rebuild_device_tensor_from_numpy\n."s})
    expect_error(ErrorKind::unsupported,
                 {"test.pkl", "byte", "nothing of the file was executed"},
                 [&] { read(bytes); });
  expect_error(ErrorKind::unsupported, {"\"posix.system\""}, [] {
    read("cposix\nsystem\n.");
  });
}

// A tensor of torch.save: (storage of `elements` floats, offset, shape,
// strides), all sizes below 256.
std::string tensor_bytes(char elements,
                         char offset,
                         const std::string& shape,
                         const std::string& strides) {
  const auto tuple = [](const std::string& sizes) {
    std::string bytes = "(";
    for (const char size : sizes) bytes += std::string("K") + size;
    return bytes + "t";
  };
  return "ctorch._utils\n_rebuild_tensor_v2\n((\x8c\x07storagectorch\n"
         "FloatStorage\n\x8c\x01"
         "0\x8c\x03"
         "cpuK"s +
         elements + "tQK" + offset + tuple(shape) + tuple(strides) + "\x89)tR.";
}

TEST(Pickle, TensorsLieInsideTheirStorage) {
  const Pickle pickle = read(tensor_bytes(12, 1, "\3\2", "\4\1"));
  const PickleTensor& tensor = *root_of(pickle).tensor;
  EXPECT_EQ(tensor.storage.key, "0");
  EXPECT_EQ(tensor.storage.dtype, DType::f32);
  EXPECT_EQ(tensor.storage.elements, 12);
  EXPECT_EQ(tensor.offset, 1);
  EXPECT_EQ(tensor.shape, (std::vector<int64_t>{3, 2}));
  EXPECT_EQ(tensor.strides, (std::vector<int64_t>{4, 1}));
  read(tensor_bytes(12, 2, "\3\2", "\4\1"));  // its last element is the last
  expect_bad(tensor_bytes(12, 3, "\3\2", "\4\1"),
             {"[3, 2]", "[4, 1]", "offset 3", "12 elements"});
  expect_bad(tensor_bytes(0, 0, "\1", "\1"), {"outside"});
  read(tensor_bytes(3, 3, "\0"s, "\1"));
  expect_bad(tensor_bytes(3, 4, "\0"s, "\1"), {"outside"});
  expect_bad(tensor_bytes(12, 0, "\3\2", "\4"), {"2 sizes, 1 strides"});
  expect_bad(tensor_bytes(12, 0, std::string(17, '\1'), std::string(17, '\1')),
             {"17 dimensions"});
}

// What torch.save writes of an expanded tensor; a few bytes could ask for any
// amount of memory.
TEST(Pickle, TensorsRepeatTheirElementsWithinReason) {
  const std::string strides(4, '\0');
  read(tensor_bytes(1, 0, "\x40\x40\x40\x40", strides));  // 2^24
  expect_bad(tensor_bytes(1, 0, "\x40\x40\x40\x41", strides),
             {"[64, 64, 64, 65]", "1 elements", "contiguous"});
}

TEST(Pickle, SizesThatOverflowAreOutside) {
  const std::string huge = "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f";
  const std::string head =
      "ctorch._utils\n_rebuild_tensor_v2\n((\x8c\x07storagectorch\n"
      "ByteStorage\n\x8c\x01"
      "0\x8c\x03"
      "cpu" +
      huge + "tQ";
  const std::string tail = "\x89)tR.";
  expect_bad(head + huge + "K\x02\x85K\x01\x85" + tail, {"outside"});
  expect_bad(head + "K\0"s + huge + huge + "\x86" + huge + "K\x01\x86" + tail,
             {"outside"});
  expect_bad(head + "K\0"s + huge + "K\x09\x86K\0K\0\x86"s + tail, {"outside"});
}

TEST(Pickle, StoragesAreNamedAsTorchNamesThem) {
  const auto storage = [](const std::string& inside) {
    return "(\x8c\x07storage" + inside + "tQ.";
  };
  const std::string rest =
      "\x8c\x01k\x8c\x03"
      "cpuK\x04";
  EXPECT_EQ(read(storage("ctorch\nHalfStorage\n" + rest)).root->storage->dtype,
            DType::f16);
  expect_bad(storage("ctorch\nfloat16\n" + rest), {"torch.float16"});
  expect_bad(storage("ctorch\nFloatStorage\n\x8c\x01k"), {"argument 5"});
  expect_bad("\x8c\x01kQ.", {"named by a text"});
  expect_error(ErrorKind::unsupported, {"part of another"}, [&] {
    read(storage("ctorch\nFloatStorage\n" + rest + "K\x01"));
  });
  expect_error(ErrorKind::unsupported, {"torch.UntypedStorage"}, [&] {
    read(storage("ctorch\nUntypedStorage\n" + rest));
  });
}

// How protocol 2 writes a frozenset, in Python 2's words and in 3's.
TEST(Pickle, SetsThatAreFrozen) {
  for (const std::string module : {"builtins", "__builtin__"}) {
    const Pickle pickle = read("c" + module + "\nfrozenset\n(]K\x05" + "atR.");
    EXPECT_EQ(pickle.root->kind, PickleKind::set);
    EXPECT_EQ(pickle.root->items.at(0)->integer, 5);
  }
}

TEST(Pickle, TextsInMessagesAreHarmless) {
  using testing::error_message;
  const std::string rude = "\x1b[31m" + std::string(90, 'a');
  const std::string text = "\x8c"s + static_cast<char>(rude.size()) + rude;
  for (const std::string& bytes :
       {"c" + rude + "\n" + rude + rude + "\n.",
        "c_codecs\nencode\n(\x8c\x01x" + text + "tR.",
        "(\x8c\x07storagecnumpy\ndtype\n(" + text + "tRX\1\0\0\0k"s +
            "\x8c\x03" + "cpuK\x04tQ."}) {
    try {
      read(bytes);
      ADD_FAILURE() << bytes;
    } catch (const Error& error) {
      const std::string message = error.what();
      EXPECT_EQ(message.find('\x1b'), std::string::npos) << message;
      EXPECT_NE(message.find("\\x1b[31m"), std::string::npos) << message;
      EXPECT_LT(message.size(), 400u);
    }
  }
}

}  // namespace
}  // namespace lineas
