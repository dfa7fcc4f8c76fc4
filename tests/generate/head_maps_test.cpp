// Maps at the head that need tokens it does not get are refused, others not.
#include "lineas/generate/head_maps.h"

#include "tests/support/errors.h"

namespace lineas {
namespace {

const Site kHead{"lm_head", 3};

std::vector<Steering> map_at(const std::string& site,
                             const std::string& position,
                             const std::string& tokens) {
  Steering steering;
  steering.name = "some.map";
  steering.set.maps.add(site, AffineMap::identity(3));
  steering.set.rules.position = parse_position(position);
  steering.set.rules.tokens = parse_token_scope(tokens);
  return {steering};
}

void expect_refused(const std::string& position,
                    const std::string& tokens,
                    HeadUse use) {
  testing::expect_error(
      ErrorKind::unsupported, {"some.map", "lm_head", position, tokens}, [&] {
        check_head_maps(kHead, map_at("lm_head", position, tokens), use);
      });
}

TEST(HeadMaps, ThatNeedOtherTokensAreRefused) {
  expect_refused("avg", "all", HeadUse::generate);
  expect_refused("avg", "all", HeadUse::score);
  expect_refused("last", "all", HeadUse::score);
  expect_refused("all", "last:2", HeadUse::score);
}

TEST(HeadMaps, OthersAreTaken) {
  EXPECT_NO_THROW(check_head_maps(
      kHead, map_at("lm_head", "last", "all"), HeadUse::generate));
  EXPECT_NO_THROW(check_head_maps(
      kHead, map_at("lm_head", "all", "from:3"), HeadUse::score));
  EXPECT_NO_THROW(check_head_maps(
      kHead, map_at("model.norm", "avg", "last:2"), HeadUse::score));
}

}  // namespace
}  // namespace lineas
