// The local cache of the Hugging Face Hub: what was downloaded with its own
// tools, found by the name it has there. Downloads nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace lineas {

/// What a model is called on the Hub.
struct HubName {
  std::string repository;  // ORG/NAME, or NAME
  std::string revision;    // a branch, tag or commit; empty: main
  std::string variant;     // of GGUF files, such as Q8_0; empty: not given
};

/// Reads [https://huggingface.co/]ORG/NAME[@REVISION][:VARIANT]; nothing for
/// what cannot be such a name.
std::optional<HubName> parse_hub_name(const std::string& text);

/// $HF_HUB_CACHE, $HUGGINGFACE_HUB_CACHE, $HF_HOME/hub, or huggingface/hub in
/// $XDG_CACHE_HOME or ~/.cache: the first that is set, as huggingface_hub does.
std::string hub_cache_folder();

/// The snapshot of a model: its folder, or the GGUF file asked for. Nothing
/// where the cache does not have the model; throws not_found, listing what
/// there is, where it lacks the revision, the variant or the model's files.
std::optional<std::string> find_in_hub_cache(const HubName& name);

/// The same in a folder `models--ORG--NAME` of such a cache.
std::string find_snapshot(const std::string& folder, const HubName& name);

/// ORG/NAME of a snapshot's folder in a cache; nothing for other folders.
std::optional<std::string> hub_name_of(const std::string& folder);

/// Names of the models in the cache, sorted.
std::vector<std::string> cached_models();

}  // namespace lineas
