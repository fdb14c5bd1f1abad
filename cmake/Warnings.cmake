# varve_warnings: the warnings of our own targets, linked PRIVATE so that nobody who uses Varve inherits them.

add_library(varve_warnings INTERFACE)
target_compile_options(varve_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Wold-style-cast
  -Woverloaded-virtual -Wimplicit-fallthrough)
# Options structs have defaults at the field: a designated initialiser may leave fields out.
target_compile_options(varve_warnings INTERFACE -Wno-missing-field-initializers)
if(VARVE_WARNINGS_AS_ERRORS)
  target_compile_options(varve_warnings INTERFACE -Werror)
endif()

# g++ 12 sees an overlap in the library's own std::string code once it is inlined (GCC bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(varve_warnings INTERFACE -Wno-restrict)
endif()
