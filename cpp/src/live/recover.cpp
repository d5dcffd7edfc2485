// From a directory back to the engine that recorded there.
#include "base/float_state.hpp"
#include "live/durable.hpp"
#include "live/replay.hpp"

namespace tickmargin {

RecoveredEngine LiveEngine::recover(const std::string& directory, const RecordingOptions& options) {
  const base::FloatState standard;
  std::unique_ptr<live::Recording> recording = live::open_directory(directory, options);
  const live::Contents contents = live::contents_of(*recording);
  Replay replay(*recording, contents, {});
  replay.load(true);
  replay.run();
  recording->lineage = replay.start().head.lineage;
  recording->generation = contents.newest();
  recording->has_end = true;
  recording->end_seq = replay.applied_seq();
  return replay.take(std::move(recording));
}

}  // namespace tickmargin
