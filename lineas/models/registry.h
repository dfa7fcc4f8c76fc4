// The constructors that models.def lists; only language_model.cpp and the
// architectures' own files look in here.
#pragma once

#include <memory>

#include "lineas/models/language_model.h"

namespace lineas {

/// An architecture's network; its sites stand in files.source.sites.
#define LINEAS_MODEL(name, architecture) \
  std::unique_ptr<LanguageNetwork> make_##name(ModelFiles& files);
#include "lineas/models/models.def"
#undef LINEAS_MODEL

}  // namespace lineas
