#include "lineas/base/error.h"

namespace lineas {

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage:
      return 2;
    case ErrorKind::not_found:
      return 3;
    case ErrorKind::format:
      return 4;
    case ErrorKind::shape:
      return 5;
    case ErrorKind::numeric:
      return 6;
    case ErrorKind::unsupported:
      return 7;
    case ErrorKind::resource:
      return 8;
    case ErrorKind::cancelled:
      return 130;
  }
  return 1;
}

}  // namespace lineas
