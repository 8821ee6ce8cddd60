#pragma once

// The two ends that the load is sent to, each in a process of its own: the real master's (control
// server, coordinator, results, journal) and one that does nothing but acknowledge, with gRPC's own
// callback server: what the messages cost before anybody looks at them.
//
// Thread: each on the main thread of its process.

#include <cstdint>
#include <string>

namespace sfp::bench {

// Both write their port to the descriptor and serve until they are killed.
[[noreturn]] void RunMaster(int port_to, std::uint32_t workers, std::size_t endpoints,
                            const std::string& journal);
[[noreturn]] void RunBareServer(int port_to, std::uint32_t workers);

}  // namespace sfp::bench
