# varve_module(name SOURCES a.cpp … DEPENDS base … LIBRARIES fmt::fmt …)
#   The library varve_<name> (alias varve::<name>) of one folder, on the varve modules it DEPENDS on (its users get them
#   too) and foreign LIBRARIES (they do not); and its unit-test program <name>_test from
#   tests/unit/<name>/*_test.cpp. That program links nothing else, so an arrow that is not declared does not link.
# varve_program(name SOURCES main.cpp DEPENDS cli …)
#   A program: the command line, a benchmark, an example.
# varve_test(name SOURCES a_test.cpp … DEPENDS lake … LIBRARIES …)
#   A test program that stands on several modules: tests/integration and its neighbours. Headers of tests/support are
#   found as "support/….h".
# varve_compile_quickly(name)
#   Leaves out the optimiser in builds with sanitizers.

function(varve_module name)
  cmake_parse_arguments(PARSE_ARGV 1 module "" "" "SOURCES;DEPENDS;LIBRARIES")
  _varve_check_arguments(${name} "${module_UNPARSED_ARGUMENTS}" "${module_DEPENDS}")
  list(TRANSFORM module_DEPENDS PREPEND varve:: OUTPUT_VARIABLE dependencies)

  add_library(varve_${name} STATIC ${module_SOURCES})
  add_library(varve::${name} ALIAS varve_${name})
  target_include_directories(varve_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(varve_${name} PUBLIC ${dependencies} PRIVATE varve_warnings ${module_LIBRARIES})

  file(GLOB tests CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/unit/${name}/*_test.cpp)
  if(VARVE_BUILD_TESTS AND tests)
    varve_test(${name}_test SOURCES ${tests} DEPENDS ${name} LIBRARIES ${module_LIBRARIES})
  endif()
endfunction()

function(varve_program name)
  cmake_parse_arguments(PARSE_ARGV 1 program "" "" "SOURCES;DEPENDS;LIBRARIES")
  _varve_check_arguments(${name} "${program_UNPARSED_ARGUMENTS}" "${program_DEPENDS}")
  list(TRANSFORM program_DEPENDS PREPEND varve::)
  add_executable(${name} ${program_SOURCES})
  target_link_libraries(${name} PRIVATE varve_warnings ${program_DEPENDS} ${program_LIBRARIES})
endfunction()

function(varve_test name)
  cmake_parse_arguments(PARSE_ARGV 1 test "" "" "SOURCES;DEPENDS;LIBRARIES")
  varve_program(${name} ${ARGN} LIBRARIES varve_test_support GTest::gmock_main)
  varve_compile_quickly(${name})
  add_test(NAME ${name} COMMAND ${name})
endfunction()

# For sources that take the compiler longer than they run: with sanitizers, optimising them is half of the build.
function(varve_compile_quickly name)
  if(VARVE_SANITIZE)
    target_compile_options(${name} PRIVATE -O0)
  endif()
endfunction()

function(_varve_check_arguments name unknown dependencies)
  if(unknown)
    message(FATAL_ERROR "${name}: what is ${unknown}?")
  endif()
  foreach(dependency IN LISTS dependencies)
    if(NOT TARGET varve::${dependency})
      message(FATAL_ERROR "${name} depends on ${dependency}, which is not a module below it")
    endif()
  endforeach()
endfunction()
