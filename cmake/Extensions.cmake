# SPDX-License-Identifier: Apache-2.0
# Cython extensions over fastfront_core. cython-cmake writes depfiles, so that editing a .pxd rebuilds what cimports it.

find_package(Python 3.10 REQUIRED COMPONENTS Interpreter Development.Module)

# Under scikit-build-core the build environment is on the module path already; a plain `cmake` asks the interpreter.
execute_process(
  COMMAND "${Python_EXECUTABLE}" -c "import cython_cmake, pathlib; print(pathlib.Path(cython_cmake.__file__).parent / 'cmake', end='')"
  OUTPUT_VARIABLE fastfront_cython_cmake_dir
  ERROR_QUIET)
if(fastfront_cython_cmake_dir)
  list(APPEND CMAKE_MODULE_PATH "${fastfront_cython_cmake_dir}")
endif()
find_package(Cython 3.1 QUIET)
include(UseCython OPTIONAL RESULT_VARIABLE fastfront_use_cython)
if(NOT Cython_FOUND OR NOT fastfront_use_cython)
  message(FATAL_ERROR "Cython and cython-cmake are needed to build fastfront's extensions: "
                      "run `pip install .` (which fetches them), `make develop`, or "
                      "`${Python_EXECUTABLE} -m pip install cython cython-cmake`")
endif()

# fastfront_add_extension(<name>): src/fastfront/_native/<name>.pyx -> fastfront._native.<name>
function(fastfront_add_extension name)
  cython_transpile("${FASTFRONT_NATIVE_DIR}/${name}.pyx"
    LANGUAGE CXX
    MODULE_NAME "fastfront._native.${name}"
    INCLUDE_DIRECTORIES "${CMAKE_CURRENT_SOURCE_DIR}/src"
    CYTHON_ARGS "-3"
    OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/cython/${name}.cxx"
    OUTPUT_VARIABLE generated)
  python_add_library(${name} MODULE "${generated}" WITH_SOABI)
  target_link_libraries(${name} PRIVATE fastfront_core)
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    target_link_options(${name} PRIVATE "LINKER:-s")
  endif()
  if(FASTFRONT_INPLACE)
    set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${FASTFRONT_NATIVE_DIR}")
  endif()
  install(TARGETS ${name} LIBRARY DESTINATION fastfront/_native)
endfunction()
