// The constructors that models.def lists, and what transformers' configuration
// class of each takes for keys that config.json leaves out. Only
// architecture.cpp and the architectures' own files look in here.
#pragma once

#include <memory>

#include "lineas/models/language_model.h"

namespace lineas {

/// make_NAME: an architecture's model without its common parts (see
/// load_language_model); its SiteTable is files.source.sites.
/// defaults_NAME: a JSON object, held against the class by
/// tests/models/defaults_test.cpp.
#define LINEAS_MODEL(name, architecture)                           \
  std::unique_ptr<LanguageNetwork> make_##name(ModelFiles& files); \
  const char* defaults_##name();
#include "lineas/models/models.def"
#undef LINEAS_MODEL

}  // namespace lineas
