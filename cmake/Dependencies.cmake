# Foreign libraries as targets. Imported targets are SYSTEM: their headers raise no warnings of ours.

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

# base: digests
find_package(OpenSSL REQUIRED COMPONENTS Crypto)                       # OpenSSL::Crypto
# compress
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)               # PkgConfig::ZSTD
pkg_check_modules(SNAPPY REQUIRED IMPORTED_TARGET snappy)              # PkgConfig::SNAPPY
pkg_check_modules(LZ4 REQUIRED IMPORTED_TARGET liblz4)                 # PkgConfig::LZ4
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)                  # PkgConfig::ZLIB
pkg_check_modules(BROTLI REQUIRED IMPORTED_TARGET libbrotlienc libbrotlidec)  # PkgConfig::BROTLI
# anywhere, in sources only
find_package(fmt CONFIG REQUIRED)                                      # fmt::fmt
find_package(hwy CONFIG REQUIRED)                                      # hwy::hwy
find_package(nlohmann_json CONFIG REQUIRED)                            # nlohmann_json::nlohmann_json
# cli
if("cli" IN_LIST VARVE_FOLDERS)
  find_package(CLI11 CONFIG REQUIRED)                                  # CLI11::CLI11
  find_package(tomlplusplus CONFIG REQUIRED)                           # tomlplusplus::tomlplusplus
endif()
if(VARVE_BUILD_TESTS)
  find_package(GTest CONFIG REQUIRED)                                  # GTest::gmock_main
endif()
if(VARVE_BUILD_BENCH)
  find_package(benchmark CONFIG REQUIRED)                              # benchmark::benchmark_main
endif()

# parquet: the Arrow schema that a file carries is a FlatBuffer; only the library's headers are used.
find_path(FLATBUFFERS_INCLUDE_DIR flatbuffers/flatbuffers.h REQUIRED)
add_library(varve_flatbuffers INTERFACE)
target_include_directories(varve_flatbuffers SYSTEM INTERFACE ${FLATBUFFERS_INCLUDE_DIR})

# What no system package carries lies in .deps, put there by tools/setup from third_party/npm.lock.
set(VARVE_DEPS_DIR ${PROJECT_SOURCE_DIR}/.deps CACHE PATH "Where tools/setup unpacks the pinned sources")

# catalog: the pinned SQLite, built into ours with no symbol visible outside.
# THREADSAFE=2: a connection belongs to one thread at a time, which the catalog sees to; the library's own mutex per
# connection would only cost. Synchronous=2 (FULL): a COMMIT that returned survives a power cut.
if(NOT EXISTS ${VARVE_DEPS_DIR}/sqlite3/sqlite3.c)
  message(FATAL_ERROR "${VARVE_DEPS_DIR}/sqlite3/sqlite3.c is missing: run tools/setup")
endif()
add_library(varve_sqlite3 STATIC EXCLUDE_FROM_ALL ${VARVE_DEPS_DIR}/sqlite3/sqlite3.c)
target_include_directories(varve_sqlite3 SYSTEM PUBLIC ${VARVE_DEPS_DIR}/sqlite3)
target_compile_options(varve_sqlite3 PRIVATE -w)
target_compile_definitions(varve_sqlite3 PRIVATE
  SQLITE_THREADSAFE=2 SQLITE_DEFAULT_WAL_SYNCHRONOUS=2 SQLITE_DQS=0 SQLITE_USE_URI=1 SQLITE_DEFAULT_MEMSTATUS=0
  SQLITE_OMIT_LOAD_EXTENSION SQLITE_OMIT_DEPRECATED HAVE_FDATASYNC=1)
target_link_libraries(varve_sqlite3 PRIVATE Threads::Threads m)
