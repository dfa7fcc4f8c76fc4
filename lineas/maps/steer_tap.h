// The tap that steers: every row of a pass with its own mix of maps. Mixes are
// given to rows and taken from them while rows run.
#pragma once

#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "lineas/maps/mix.h"
#include "lineas/maps/token_plan.h"

namespace lineas {

/// Serves one pass at a time, and is told of rows by whoever runs the passes.
/// What the rows of a call are (number, half, phase, position) and which mix
/// each has is read at the call's first visit, and holds until its last.
class SteerTap : public Tap {
 public:
  /// No row has a mix; such rows come out value for value as without the tap.
  explicit SteerTap(const SiteTable& sites);
  /// All rows have these maps, or row r has them at row_strengths[r] times
  /// their strengths. Throws shape where a map does not fit `sites`; a visit
  /// throws usage for a row that no strength is given for.
  SteerTap(const SiteTable& sites,
           const std::vector<Steering>& steerings,
           const std::vector<double>& row_strengths = {});

  /// From the next call on, that row number (PassContext) has this mix and no
  /// other; null: none. Throws shape for a mix of another table.
  void assign(int64_t row, SharedMix mix);
  void release(int64_t row) { assign(row, nullptr); }
  /// The mix that the row has in calls to come; null where it has none.
  const SharedMix& mix_of(int64_t row) const;

  Tensor visit(SiteIndex site, Tensor x, const PassContext& context) override;

  /// True where no map moves anything: the model needs no tap.
  bool is_idle() const { return mix_of_row_.empty() && !mix_of_all_; }

 private:
  // The maps of the call's mixes at a site that may act in one go: of equal
  // rules and step, all with a support or all without.
  struct Group {
    MapRules rules;
    std::optional<int> step;
    bool has_support;
    std::vector<const AffineMap*> maps;  // by number in the roster; null: none
    AffineMap stack_UD = {};             // the same, made where needed
    // For the units of the last plan that had few: decoding.
    std::vector<int64_t> spread_numbers = {};
    AffineMap spread_ND = {};
  };
  struct AtSite {
    bool is_made = false;
    std::optional<at::Device> device = std::nullopt;
    std::vector<Group> groups = {};
  };

  bool is_under_way(SiteIndex site, const PassContext& context) const;
  void begin(const PassContext& context);
  void forget();
  void make_groups(SiteIndex site, at::Device device);
  void enlist(AtSite& at, const MixedMap& mixed, size_t number);
  const TokenPlan* find_plan(const Group& group,
                             const Tensor& x,
                             const PassContext& context);
  Tensor apply(Group& group, const Tensor& x, const PassContext& context);
  Tensor apply_sum(std::vector<Group>& groups,
                   const Tensor& x,
                   const PassContext& context);

  SharedMix mix_of_all_;
  std::unordered_map<int64_t, SharedMix> mix_of_row_;
  int64_t known_rows_ = -1;  // -1: any
  // Of the call under way: its mixes ([0]: none), and every row's number there.
  std::weak_ptr<const RowAxes> call_;
  int64_t call_number_ = 0;
  std::vector<int64_t> last_call_;  // that came by, by site
  std::vector<SharedMix> roster_{nullptr}, next_roster_;
  std::vector<int64_t> numbers_;
  std::deque<TokenPlan> plans_;
  std::vector<AtSite> sites_;
};

}  // namespace lineas
