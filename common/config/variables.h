#pragma once

// ${VAR} and ${VAR:-default} filled in, $$ made a dollar, and everything secret marked:
//
//   what the environment put in      that part is "***" in Node::shown
//   what stands under `auth`         the whole scalar, and its place in the source; but not where a
//                                    token comes from (token_url, scope, ...)
//   passwords, tokens, cookies       by their key (`password`, `Authorization`, …), wherever they
//                                    stand
//   user:password@ in a URL          the whole scalar
//
// The default is used when the variable is not set or empty. Only values are searched, not keys,
// and what the command line gave is left alone.
//
// Thread: pure functions.

#include "common/config/diagnostics.h"
#include "common/config/node.h"

namespace sfp::config {

void Substitute(Node& root, const Environment& environment, Diagnostics& diagnostics);
void MarkSecrets(Node& root, Diagnostics& diagnostics);

}  // namespace sfp::config
