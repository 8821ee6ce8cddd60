#pragma once

// The join token: a secret that master, workers and people of one cluster share.
//
// It comes from a file or the environment, never from the command line, which every user of a
// machine can read.
//
// Thread: safe, no state.

#include <string>
#include <string_view>

#include "common/base/status.h"

namespace sfp::net {

// A file's token, without the line end.
StatusOr<std::string> ReadToken(const std::string& path);
// The first that is given: a file (--token-file), the variable SFP_TOKEN, that of the TLS
// directory. Empty if none is.
StatusOr<std::string> ChooseToken(const std::string& file, const char* variable,
                                  const std::string& of_directory);
// Long enough, and visible ASCII characters only.
Status CheckToken(std::string_view token);
std::string RandomToken();

// Compares digests of fixed length: how long it takes says nothing about ours.
bool SameSecret(std::string_view ours, std::string_view theirs);

}  // namespace sfp::net
