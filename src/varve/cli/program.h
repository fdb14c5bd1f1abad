// The varve program: its command line read, one command run, errors told.
#pragma once

namespace varve::cli {

// Runs the program and returns its exit status. Throws nothing.
int run_program(int argc, char** argv);

}  // namespace varve::cli
