// Zip archives written by hand, so that any number in them can be a lie.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lineas::testing {

/// What an archive holds, and what it says of it.
struct ZipPart {
  std::string name, bytes;
  uint64_t method = 0, flags = 0;
  std::optional<uint64_t> size, unpacked_size;
  std::optional<std::string> local_name;
};

inline std::string zip_number(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i)
    text += static_cast<char>(value >> (8 * i) & 0xff);
  return text;
}

/// `wide`: all numbers of the table in zip64's places.
inline std::string zip_of(const std::vector<ZipPart>& parts,
                          bool wide = false) {
  const auto n = zip_number;
  std::string out, table;
  for (const ZipPart& part : parts) {
    const uint64_t size = part.size.value_or(part.bytes.size());
    const uint64_t unpacked = part.unpacked_size.value_or(size);
    const std::string name = part.local_name.value_or(part.name);
    const std::string fields = wide ? n(1, 2) + n(24, 2) + n(unpacked, 8) +
                                          n(size, 8) + n(out.size(), 8)
                                    : "";
    const auto narrow = [&](uint64_t value) {
      return n(wide ? 0xffffffff : value, 4);
    };
    table += "PK\x01\x02" + n(45, 2) + n(45, 2) + n(part.flags, 2) +
             n(part.method, 2) + n(0, 8) + narrow(size) + narrow(unpacked) +
             n(part.name.size(), 2) + n(fields.size(), 2) + n(0, 10) +
             narrow(out.size()) + part.name + fields;
    out += "PK\x03\x04" + n(45, 2) + n(part.flags, 2) + n(part.method, 2) +
           n(0, 8) + n(size, 4) + n(unpacked, 4) + n(name.size(), 2) + n(0, 2) +
           name + part.bytes;
  }
  const uint64_t begin = out.size(), behind = begin + table.size();
  out += table;
  if (wide)
    out += "PK\x06\x06" + n(44, 8) + n(0, 12) + n(parts.size(), 8) +
           n(parts.size(), 8) + n(table.size(), 8) + n(begin, 8) +
           "PK\x06\x07" + n(0, 4) + n(behind, 8) + n(1, 4);
  return out + "PK\x05\x06" + n(0, 4) + n(parts.size(), 2) +
         n(parts.size(), 2) + n(wide ? 0xffffffff : table.size(), 4) +
         n(wide ? 0xffffffff : begin, 4) + n(0, 2);
}

}  // namespace lineas::testing
