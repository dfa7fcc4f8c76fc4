#include "lineas/text/sentencepiece_model.h"

#include <bit>
#include <functional>
#include <unordered_set>

#include "lineas/base/error.h"
#include "lineas/base/printable.h"
#include "lineas/base/utf8.h"

namespace lineas {
namespace {

/// Numbers of fields in sentencepiece_model.proto.
enum ModelField { kPieces = 1, kTrainer = 2, kNormalizer = 3 };
enum PieceField { kText = 1, kScore = 2, kType = 3 };
enum TrainerField { kModelType = 3, kUnkId = 40, kUnkPiece = 45 };
enum NormalizerField { kCharsMap = 2 };

/// One field of a message: a number, or bytes.
struct Field {
  uint64_t number = 0;
  uint64_t value = 0;
  std::string_view bytes;
  bool is_bytes = false;
};

/// Walks the fields of one message.
class Message {
 public:
  Message(std::string_view bytes, const std::string& where)
      : left_(bytes), where_(where) {}

  void each(const std::function<void(const Field&)>& visit) {
    while (!left_.empty()) visit(next());
  }

 private:
  Field next() {
    const uint64_t key = varint();
    Field field;
    field.number = key >> 3;
    switch (key & 7) {
      case 0:
        field.value = varint();
        break;
      case 1:
        field.value = fixed(8);
        break;
      case 2:
        field.is_bytes = true;
        field.bytes = take(varint());
        break;
      case 5:
        field.value = fixed(4);
        break;
      default:
        refuse();
    }
    if (field.number == 0) refuse();
    return field;
  }

  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    refuse();
  }

  uint64_t fixed(size_t size) {
    const std::string_view bytes = take(size);
    uint64_t value = 0;
    for (size_t i = size; i-- > 0;) {
      value = value << 8 | static_cast<unsigned char>(bytes[i]);
    }
    return value;
  }

  std::string_view take(uint64_t size) {
    if (size > left_.size()) refuse();
    const std::string_view bytes = left_.substr(0, static_cast<size_t>(size));
    left_.remove_prefix(bytes.size());
    return bytes;
  }

  [[noreturn]] void refuse() const {
    fail(ErrorKind::format,
         "{}: is not a sentencepiece model, or cut short. Is the download "
         "complete?",
         where_);
  }

  std::string_view left_;
  const std::string& where_;
};

std::string text_of(const Field& field, const std::string& where) {
  if (!field.is_bytes || find_invalid_utf8(field.bytes)) {
    fail(ErrorKind::format, "{}: has a piece that is not UTF-8", where);
  }
  return std::string(field.bytes);
}

SentencePiece read_piece(std::string_view bytes, const std::string& where) {
  SentencePiece piece;
  Message(bytes, where).each([&](const Field& field) {
    if (field.number == kText) piece.text = text_of(field, where);
    if (field.number == kScore && !field.is_bytes) {
      piece.score = std::bit_cast<float>(static_cast<uint32_t>(field.value));
    }
    if (field.number == kType && field.value >= 1 && field.value <= 6) {
      piece.type = static_cast<PieceType>(field.value);
    }
  });
  return piece;
}

void read_trainer(std::string_view bytes,
                  const std::string& where,
                  SentencePieceModel& model) {
  Message(bytes, where).each([&](const Field& field) {
    if (field.number == kUnkPiece) model.unk_piece = text_of(field, where);
    if (field.number == kUnkId) {
      model.unk_id = static_cast<int64_t>(field.value);
    }
    if (field.number != kModelType) return;
    model.is_bpe = field.value == 2;
    if (field.value != 1 && field.value != 2) {
      fail(ErrorKind::unsupported,
           "{}: trainer_spec.model_type {} (words, characters) is not "
           "supported (unigram and BPE are)",
           where,
           field.value);
    }
  });
}

void check(const SentencePieceModel& model, const std::string& where) {
  std::unordered_set<std::string_view> seen;
  size_t unknown = 0;
  for (const SentencePiece& piece : model.pieces) {
    if (piece.text.empty() || !seen.insert(piece.text).second) {
      fail(ErrorKind::format,
           "{}: piece \"{}\" is there twice, or empty",
           where,
           printable(piece.text));
    }
    if (piece.type == PieceType::unknown) ++unknown;
  }
  if (unknown != 1) {
    fail(ErrorKind::format,
         "{}: is not a sentencepiece model: {} pieces, {} of them the unknown "
         "one",
         where,
         model.pieces.size(),
         unknown);
  }
}

}  // namespace

SentencePieceModel parse_sentencepiece(std::string_view bytes,
                                       const std::string& where) {
  SentencePieceModel model;
  Message(bytes, where).each([&](const Field& field) {
    if (!field.is_bytes) return;
    if (field.number == kPieces) {
      model.pieces.push_back(read_piece(field.bytes, where));
    } else if (field.number == kTrainer) {
      read_trainer(field.bytes, where, model);
    } else if (field.number == kNormalizer) {
      Message(field.bytes, where).each([&](const Field& inner) {
        if (inner.number == kCharsMap) model.charsmap = inner.bytes;
      });
    }
  });
  check(model, where);
  return model;
}

}  // namespace lineas
