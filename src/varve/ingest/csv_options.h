// How a CSV file is to be understood.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace varve::ingest {

struct CsvOptions {
  std::string timestamp;             // the time column by its name in the file; "": found by name
  bool untimed = false;              // there is none, whatever the columns are called and `timestamp` says
  std::string zone;                  // of times that name none; "": such times are an error
  std::vector<std::string> columns;  // names for a file without header row, one a column
  std::vector<std::pair<std::string, std::string>> renames;  // new name, name in the file
  std::string kind;                                          // the series' kind; "": seen from the columns
  char delimiter = 0;                                        // 0: found in the first line, among , ; tab |
};

}  // namespace varve::ingest
