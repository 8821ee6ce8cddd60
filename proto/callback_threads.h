#pragma once

// gRPC 1.51 runs callbacks on threads that it starts with the first channel or server and ends with
// the last one. When that comes and goes, as with a worker that tries again and again to reach its
// master, ending and starting can meet, and the process aborts inside gRPC ("assertion failed:
// prior > 0"). So each program keeps them for its whole life: the two control shells call this once
// before they use gRPC.
//
// Thread: safe; the first call does it.

namespace sfp {

void KeepCallbackThreads();

}  // namespace sfp
