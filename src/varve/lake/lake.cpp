#include "varve/lake/lake.h"

#include <utility>

#include "varve/base/error.h"
#include "varve/lake/state.h"

namespace varve {
// A forked child has neither the threads nor the right to close what it shares with its parent.
Lake::Lake(std::unique_ptr<State> state)
    : state_(state.release(), [](State* held) {
        std::unique_ptr<State> owned(held);
        if (owned->forked()) static_cast<void>(owned.release());
      }) {}

Lake Lake::open(const std::string& root, OpenOptions options) {
  auto state = std::make_unique<State>(whole_path(root));
  if (options.file_system == nullptr) state->own_files = base::make_system_file_system(state->root);
  base::FileSystem& files = options.file_system != nullptr ? *options.file_system : *state->own_files;
  state->files = &files;
  state->clock = options.clock != nullptr ? options.clock : &state->own_clock;
  state->pool = std::make_unique<base::ThreadPool>(options.threads);
  state->store = store::Store::open(files, *state->clock, state->root,
                                    {.create = options.create,
                                     .read_only = options.read_only,
                                     .lock_timeout = options.lock_timeout,
                                     .publish_delay = options.publish_delay,
                                     .log = to_log(std::move(options.on_warning)),
                                     .pool = state->pool.get()});
  return Lake(std::move(state));
}

Lake::~Lake() = default;
Lake::Lake(Lake&&) noexcept = default;

Lake& Lake::operator=(Lake&& other) noexcept {
  const Lake replaced(std::move(*this));
  state_ = std::move(other.state_);
  return *this;
}

void Lake::close() {
  if (!state_ || state_->closed) return;
  store::Store& store = state_->use();
  state_->closed = true;
  store.close();
}

const std::string& Lake::root() const { return state_->root; }

bool Lake::read_only() const { return state_->use().read_only(); }

bool Lake::in_place() const { return state_->use().catalog().in_place(); }

Registry Lake::registry() const {
  State* const state = state_.get();
  return Registry(Registry::Source{
      .use = [state]() -> store::Store& { return state->use(); }, .files = state->files, .root = state->root});
}

std::optional<std::string> find_lake(const std::string& path) {
  const std::unique_ptr<base::FileSystem> files = base::make_system_file_system();
  for (std::string at = whole_path(path);; at = base::parent_path(at)) {
    if (store::Disk(*files, at).holds_lake()) return at;
    if (at == "/") return {};
  }
}

}  // namespace varve
