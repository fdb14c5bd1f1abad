# Sanitizers and coverage: for everything that is built, third-party sources too, so that no report is lost at a border.

if(VARVE_SANITIZE)
  add_compile_options(-fsanitize=${VARVE_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${VARVE_SANITIZE})
endif()

option(VARVE_COVERAGE "Count the lines that tests run" OFF)
if(VARVE_COVERAGE)
  add_compile_options(--coverage -fprofile-update=atomic)
  add_link_options(--coverage)
endif()
