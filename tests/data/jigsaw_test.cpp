#include <gtest/gtest.h>

#include "lineas/data/datasets.h"
#include "lineas/data/prompts.h"

namespace lineas {
namespace {

using Texts = std::vector<std::string>;

TEST(Jigsaw, LabelsAndTheRest) {
  const std::string csv =
      "id,comment_text,toxic,insult\n"
      "1,\"kind\",0,0\n2,mean,1,0\n3,meaner,1,1\n4,odd,0,1\n";
  EXPECT_EQ(parse_prompts("jigsaw:d/train.csv#toxic", csv).texts,
            (Texts{"mean", "meaner"}));
  EXPECT_EQ(parse_prompts("jigsaw:d/train.csv#insult", csv).texts,
            (Texts{"meaner", "odd"}));
  const PromptSet rest = parse_prompts("jigsaw:d/train.csv#non-toxic", csv);
  EXPECT_EQ(rest.texts, Texts{"kind"});
  EXPECT_EQ(rest.name, "jigsaw:train.csv#non-toxic");
}

TEST(Datasets, NamesAreUniqueAndEachHasAReader) {
  ASSERT_FALSE(datasets().empty());
  for (const Dataset& dataset : datasets()) {
    EXPECT_NE(dataset.read, nullptr) << dataset.name;
    for (const Dataset& other : datasets()) {
      EXPECT_TRUE(&dataset == &other ||
                  std::string(dataset.name) != other.name);
    }
  }
}

}  // namespace
}  // namespace lineas
