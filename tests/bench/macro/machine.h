#pragma once

// Where things run: the generator under measurement on one core, its server, the master and this
// program on another. With a single core both are the same, and no figure means much.
//
// Thread: confined to the main thread; a process inherits the core of the moment in which it
// starts.

#include <cstdint>
#include <string>

namespace sfp::bench {

enum class Place { kServer, kGenerator, kAnywhere };

// From the construction to the destruction this thread, and processes that it starts, stay there.
class At {
 public:
  explicit At(Place place);
  ~At();
  At(const At&) = delete;
  At& operator=(const At&) = delete;
};

// Call first: reads the cores that this process may use, and goes to the server's.
void SettleDown();

// Raises the limit of open files, as far as this user may; returns it. Children inherit it.
std::uint64_t RaiseDescriptors(std::uint64_t wanted);

// Memory of this process that it shares with nobody and that was written to, in bytes.
std::uint64_t PrivateBytes(int pid);

// "Linux 6.1.0, 2 × Some Processor, generator on core 0, server on core 1".
std::string DescribeMachine();

}  // namespace sfp::bench
