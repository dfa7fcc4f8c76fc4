#include "lineas/data/datasets.h"

namespace lineas {

const std::vector<Dataset>& datasets() {
  static const std::vector<Dataset> list = {
#define LINEAS_DATASET(name, reader) {name, reader},
#include "lineas/data/datasets.def"
#undef LINEAS_DATASET
  };
  return list;
}

}  // namespace lineas
