#include "varve/cli/output.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include "varve/base/error.h"
#include "varve/base/uuid.h"
#include "varve/parquet/writer.h"

namespace varve::cli {

namespace {

using ByteSink = std::function<void(std::span<const std::byte>)>;

void write_rows(const Table& table, Format format, const OutputOptions& options, const ByteSink& sink) {
  const ByteSink cancellable = [&](std::span<const std::byte> bytes) {
    options.cancel.check();
    sink(bytes);
  };
  if (format == Format::kParquet) {
    parquet::WriteOptions write;
    write.cancel = options.cancel;
    (void)parquet::write_table(table, cancellable, write);
  } else {
    write_text(table, format, options.text,
               [&](std::string_view text) { cancellable(std::as_bytes(std::span(text))); });
  }
}

[[noreturn]] void throw_for_stream(const std::string& name) {
  const int reason = errno;
  if (reason == EPIPE) throw OutputClosed();
  throw Io("cannot write {}: {}", name, std::strerror(reason));
}

void write_stream(std::FILE* stream, const std::string& name, std::span<const std::byte> bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), stream) != bytes.size()) throw_for_stream(name);
}

void write_to_stdout(const Table& table, Format format, const OutputOptions& options) {
  write_rows(table, format, options,
             [](std::span<const std::byte> bytes) { write_stream(stdout, "standard output", bytes); });
  flush_stdout();
}

// A pipe or device that is there already.
void write_to_device(const Table& table, Format format, const OutputOptions& options) {
  struct Close {
    void operator()(std::FILE* stream) const { std::fclose(stream); }
  };
  const std::unique_ptr<std::FILE, Close> stream(std::fopen(options.file.c_str(), "wb"));
  if (!stream) throw Io("cannot open {}: {}", options.file, std::strerror(errno));
  write_rows(table, format, options,
             [&](std::span<const std::byte> bytes) { write_stream(stream.get(), options.file, bytes); });
  if (std::fflush(stream.get()) != 0) throw_for_stream(options.file);
}

void write_to_file(base::FileSystem& files, const Table& table, Format format, const OutputOptions& options) {
  const std::string temporary = options.file + "." + base::make_uuid() + ".tmp";
  const std::unique_ptr<base::File> file = files.open(temporary, base::OpenMode::kWriteNew);
  try {
    write_rows(table, format, options, [&](std::span<const std::byte> bytes) { file->append(bytes); });
    file->sync();
    file->close();
    files.rename(temporary, options.file);
  } catch (...) {
    try {
      files.unlink(temporary);
    } catch (const Error&) {  // the first error says what matters
    }
    throw;
  }
}

}  // namespace

Format choose_format(const OutputOptions& options) {
  if (!options.file.empty()) {
    if (options.format) return *options.format;
    if (const auto format = format_of_file(options.file)) return *format;
    throw InvalidArgument("the ending of {} names no format: say one with --output", quote(options.file));
  }
  const Format format = options.format.value_or(options.to_terminal ? Format::kTable : Format::kCsv);
  if (format == Format::kParquet && options.to_terminal) {
    throw InvalidArgument("parquet is not for terminals: name a file with --out, or write into a pipe");
  }
  return format;
}

void write_output(base::FileSystem& files, const Table& table, const OutputOptions& options) {
  const Format format = choose_format(options);
  if (options.file.empty()) {
    write_to_stdout(table, format, options);
  } else if (files.exists(options.file) && files.status(options.file).type != base::FileType::kFile) {
    write_to_device(table, format, options);
  } else {
    write_to_file(files, table, format, options);
  }
}

void write_stdout(std::string_view text) { write_stream(stdout, "standard output", std::as_bytes(std::span(text))); }

void flush_stdout() {
  if (std::fflush(stdout) != 0) throw_for_stream("standard output");
}

}  // namespace varve::cli
