# Finds LibTorch (2.8 or newer) and defines the imported target lineas::torch,
# LineasTorch_ROOT and LineasTorch_VERSION.
#
# Takes any of: -DLINEAS_TORCH_DIR (site-packages/torch of a wheel, or an
# unpacked LibTorch zip), the wheel that `make setup` puts below .deps, or the
# torch of the python3 on PATH. The wheel's own TorchConfig.cmake is not used:
# it asks for a CUDA toolkit even where none is needed. The installed package
# uses this same file.
set(_hints "${LINEAS_TORCH_DIR}")
if(NOT LINEAS_TORCH_DIR)
  file(GLOB _hints "${PROJECT_SOURCE_DIR}/.deps/*/lib/python3*/site-packages/torch")
  if(NOT _hints)
    execute_process(
      COMMAND python3 -c
        "import importlib.util as u, os; s = u.find_spec('torch'); print(os.path.dirname(s.origin) if s else '')"
      OUTPUT_VARIABLE _hints OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
endif()

# Not kept in the cache, so that another LINEAS_TORCH_DIR takes effect.
unset(LineasTorch_ROOT CACHE)
find_path(LineasTorch_ROOT include/ATen/ATen.h
          HINTS ${_hints} NO_DEFAULT_PATH NO_CACHE)
string(REGEX REPLACE "/$" "" LineasTorch_ROOT "${LineasTorch_ROOT}")

set(_reason "run `make setup`, or pass -DLINEAS_TORCH_DIR=<folder with include/ and lib/ of torch >= 2.8>")
set(LineasTorch_VERSION "")
foreach(file headeronly/version.h csrc/api/include/torch/version.h)
  set(file "${LineasTorch_ROOT}/include/torch/${file}")
  if(LineasTorch_VERSION OR NOT EXISTS "${file}")
    continue()
  endif()
  file(STRINGS "${file}" _lines REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
  string(REGEX MATCHALL "[0-9]+" _numbers "${_lines}")
  list(JOIN _numbers "." LineasTorch_VERSION)
endforeach()

# LibTorch used to come in two builds; std::string crosses the border only in
# the one with the C++11 ABI.
set(LineasTorch_HAS_CXX11_ABI FALSE)
if(EXISTS "${LineasTorch_ROOT}/lib/libc10.so")
  file(STRINGS "${LineasTorch_ROOT}/lib/libc10.so" _symbols
       REGEX "_ZN3c105ErrorC1.*7__cxx11" LIMIT_COUNT 1)
  if(_symbols)
    set(LineasTorch_HAS_CXX11_ABI TRUE)
  else()
    string(PREPEND _reason "${LineasTorch_ROOT} is built with the old C++ ABI: take the \"cxx11 ABI\" LibTorch or the wheel. Or ")
  endif()
endif()

include(FindPackageHandleStandardArgs)
if(NOT LineasTorch_FIND_VERSION)
  set(LineasTorch_FIND_VERSION 2.8)
endif()
find_package_handle_standard_args(LineasTorch
  REQUIRED_VARS LineasTorch_ROOT LineasTorch_HAS_CXX11_ABI
  VERSION_VAR LineasTorch_VERSION
  REASON_FAILURE_MESSAGE "${_reason}")

if(LineasTorch_FOUND AND NOT TARGET lineas::torch)
  set(_lib "${LineasTorch_ROOT}/lib")
  foreach(name torch_cpu c10)
    add_library(lineas::${name} SHARED IMPORTED)
    set_target_properties(lineas::${name} PROPERTIES
      IMPORTED_LOCATION "${_lib}/lib${name}.so" IMPORTED_NO_SONAME TRUE)
  endforeach()
  add_library(lineas::torch INTERFACE IMPORTED)
  # Searched last, because the wheel carries an fmt of its own that would hide
  # the system's. Without OpenMP, at::parallel_for would quietly run on one
  # thread.
  target_compile_options(lineas::torch INTERFACE -fopenmp
    "SHELL:-idirafter \"${LineasTorch_ROOT}/include\""
    "SHELL:-idirafter \"${LineasTorch_ROOT}/include/torch/csrc/api/include\"")
  target_link_options(lineas::torch INTERFACE -fopenmp)
  # The libraries bring their own paths to the CUDA libraries they name.
  target_link_libraries(lineas::torch INTERFACE
    lineas::torch_cpu lineas::c10 "-Wl,--allow-shlib-undefined"
    "-Wl,-rpath,${_lib}")
endif()
