#include "lineas/text/post_processor.h"

#include "lineas/base/error.h"

namespace lineas {
namespace {

class Reader {
 public:
  explicit Reader(std::string where) : where_(std::move(where)) {}

  void read(const Json& spec) {
    const auto type = require<std::string>(spec, "type", where_);
    if (type == "ByteLevel") return;  // which only trims offsets
    if (type == "Sequence") {
      for (const Json& part :
           require<std::vector<Json>>(spec, "processors", where_)) {
        read(part);
      }
      return;
    }
    if (puts_) {
      fail(ErrorKind::unsupported,
           "{}: {} behind another type that adds tokens is not supported",
           where_,
           type);
    }
    puts_ = true;
    if (type == "TemplateProcessing") {
      read_template(spec);
    } else if (type == "RobertaProcessing" || type == "BertProcessing") {
      around_.before = {read_pair(spec, "cls")};
      around_.after = {read_pair(spec, "sep")};
    } else {
      fail(ErrorKind::unsupported,
           "{}: type \"{}\" is not supported (Sequence, TemplateProcessing, "
           "RobertaProcessing, BertProcessing, ByteLevel are)",
           where_,
           type);
    }
  }
  const IdsAround& around() const { return around_; }

 private:
  /// ["<s>", 0]
  int64_t read_pair(const Json& spec, const std::string& key) const {
    const auto pair = require<std::vector<Json>>(spec, key, where_);
    if (pair.size() != 2) {
      fail(ErrorKind::format, "{}: {} is not [token, id]", where_, key);
    }
    return json_detail::convert<int64_t>(pair[1], key, where_);
  }

  void read_template(const Json& spec) {
    const auto tokens = require<Json>(spec, "special_tokens", where_);
    int texts = 0;
    for (const Json& item :
         require<std::vector<Json>>(spec, "single", where_)) {
      if (item.is_object() && item.contains("Sequence")) {
        ++texts;
        if (require<std::string>(item.at("Sequence"), "id", where_) == "A") {
          continue;
        }
        texts = 2;  // refused below
      } else {
        const auto token = require<Json>(item, "SpecialToken", where_);
        const auto name = require<std::string>(token, "id", where_);
        const auto ids = require<std::vector<int64_t>>(
            require<Json>(tokens, name, where_), "ids", where_);
        auto& side = texts > 0 ? around_.after : around_.before;
        side.insert(side.end(), ids.begin(), ids.end());
      }
    }
    if (texts != 1) {
      fail(ErrorKind::unsupported,
           "{}: \"single\" must hold the text (Sequence A) once",
           where_);
    }
  }

  std::string where_;
  IdsAround around_;
  bool puts_ = false;
};

}  // namespace

IdsAround read_post_processor(const Json& spec, const std::string& where) {
  Reader reader(where);
  if (!spec.is_null()) reader.read(spec);
  return reader.around();
}

}  // namespace lineas
