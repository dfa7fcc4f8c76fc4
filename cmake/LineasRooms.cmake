# lineas_room(NAME [TORCH] USES LIB...): the static library lineas_NAME from all
# sources of lineas/NAME. TORCH adds the shared precompiled ATen header. A room
# without sources yet becomes an interface library that passes its uses on.
set(LINEAS_ROOMS "" CACHE INTERNAL "")

function(lineas_room name)
  cmake_parse_arguments(ROOM "TORCH" "" "USES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS
       "${PROJECT_SOURCE_DIR}/lineas/${name}/*.cpp")
  set(target lineas_${name})
  if(sources)
    add_library(${target} STATIC ${sources})
    target_link_libraries(${target} PUBLIC ${ROOM_USES})
    target_include_directories(${target} PUBLIC
      "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>"
      "$<INSTALL_INTERFACE:include>")
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wno-unused-parameter)
    if(ROOM_TORCH)
      lineas_use_torch_pch(${target})
    endif()
  else()
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE ${ROOM_USES})
    target_include_directories(${target} INTERFACE
      "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>"
      "$<INSTALL_INTERFACE:include>")
  endif()
  set(LINEAS_ROOMS ${LINEAS_ROOMS} ${name} CACHE INTERNAL "")
endfunction()

# One precompiled header serves every target that includes ATen (16 s once
# instead of 4 s a file).
function(lineas_use_torch_pch target)
  if(NOT TARGET lineas_torch_pch)
    file(WRITE "${CMAKE_BINARY_DIR}/pch.cpp" "")
    add_library(lineas_torch_pch OBJECT "${CMAKE_BINARY_DIR}/pch.cpp")
    target_link_libraries(lineas_torch_pch PRIVATE lineas::torch)
    target_precompile_headers(lineas_torch_pch PRIVATE <ATen/ATen.h>)
  endif()
  target_precompile_headers(${target} REUSE_FROM lineas_torch_pch)
endfunction()
