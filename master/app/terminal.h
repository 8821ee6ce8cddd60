#pragma once

// What the terminal behind a stream can do. Thread: safe, as long as nobody changes the
// environment.

namespace sfp::app {

// Somebody looks at it, and lines can be drawn over: not a pipe, and TERM is not "dumb".
bool IsTerminal(int fd);
// The same, and nobody has asked for no colours (NO_COLOR, no-color.org).
bool WantsColour(int fd);

}  // namespace sfp::app
