#include "varve/cli/output.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include "varve/base/error.h"
#include "varve/parquet/writer.h"

namespace varve::cli {

namespace {

using ByteSink = std::function<void(std::span<const std::byte>)>;
using Content = std::function<void(const ByteSink& sink)>;

void write_parquet(const RowSource& rows, const ByteSink& sink, const base::CancelToken& cancel) {
  parquet::WriteOptions options;
  options.cancel = cancel;
  parquet::Writer writer(rows.schema, sink, options);
  while (const std::optional<Table> table = rows.next()) writer.write(*table);
  writer.finish();
}

// What the rows are in bytes, a piece at a time.
Content content_of(const RowSource& rows, Format format, const OutputOptions& options) {
  return [&rows, format, &options](const ByteSink& sink) {
    const ByteSink cancellable = [&](std::span<const std::byte> bytes) {
      options.cancel.check();
      sink(bytes);
    };
    if (format == Format::kParquet) return write_parquet(rows, cancellable, options.cancel);
    TextWriter writer(rows.schema, format, options.text,
                      [&](std::string_view text) { cancellable(std::as_bytes(std::span(text))); });
    while (const std::optional<Table> table = rows.next()) writer.write(*table);
    writer.finish();
  };
}

[[noreturn]] void throw_for_stream(const std::string& name) {
  const int reason = errno;
  if (reason == EPIPE) throw OutputClosed();
  throw Io("cannot write {}: {}", name, std::strerror(reason));
}

void write_stream(std::FILE* stream, const std::string& name, std::span<const std::byte> bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), stream) != bytes.size()) throw_for_stream(name);
}

void write_to_stdout(const Content& content) {
  content([](std::span<const std::byte> bytes) { write_stream(stdout, "standard output", bytes); });
  if (std::fflush(stdout) != 0) throw_for_stream("standard output");
}

// A pipe or device that is there already.
void write_to_device(const std::string& path, const Content& content) {
  struct Close {
    void operator()(std::FILE* stream) const { std::fclose(stream); }
  };
  const std::unique_ptr<std::FILE, Close> stream(std::fopen(path.c_str(), "wb"));
  if (!stream) throw Io("cannot open {}: {}", path, std::strerror(errno));
  content([&](std::span<const std::byte> bytes) { write_stream(stream.get(), path, bytes); });
  if (std::fflush(stream.get()) != 0) throw_for_stream(path);
}

void write_to_file(base::FileSystem& files, const std::string& path, const Content& content) {
  base::write_whole_file(
      files, path, [&](base::File& file) { content([&](std::span<const std::byte> bytes) { file.append(bytes); }); });
}

void write_content(base::FileSystem& files, const Content& content, const std::string& path) {
  if (path.empty()) {
    write_to_stdout(content);
  } else if (files.exists(path) && files.status(path).type != base::FileType::kFile) {
    write_to_device(path, content);
  } else {
    write_to_file(files, path, content);
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

void write_output(base::FileSystem& files, const RowSource& rows, const OutputOptions& options) {
  write_content(files, content_of(rows, choose_format(options), options), options.file);
}

void write_output(base::FileSystem& files, const Table& table, const OutputOptions& options) {
  std::optional<Table> left = table;
  write_output(files, RowSource{table.schema(), [&] { return std::exchange(left, std::nullopt); }}, options);
}

void write_output(base::FileSystem& files, std::string_view text, const std::string& file) {
  write_content(
      files, [text](const ByteSink& sink) { sink(std::as_bytes(std::span(text))); }, file);
}

}  // namespace varve::cli
