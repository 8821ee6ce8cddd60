// Runs a fuzz target without libFuzzer:
//
//   fuzz_origin CORPUS-FOLDER MUTATIONS [ONLY]
//
// every file of the folder, then so many inputs made from them by chance, the same ones each time.
// When one breaks the target, its number is printed and its bytes are left in the file
// broken-input; ONLY repeats that one number.

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "common/base/rng.h"
#include "tests/fuzz/input.h"

// Of the sanitizers' runtime, if there is one.
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace {

std::string g_input;  // under test
char g_name[64];      // what it is called

void OnDeath() {
  const int file = open("broken-input", O_WRONLY | O_CREAT | O_TRUNC, 0600);
  [[maybe_unused]] auto written = write(file, g_input.data(), g_input.size());
  written = write(STDERR_FILENO, g_name, std::char_traits<char>::length(g_name));
}

void OnSignal(int signal) {
  OnDeath();
  ::signal(signal, SIG_DFL);
  raise(signal);
}

void Run(const std::string& name, std::string input) {
  g_input = std::move(input);
  std::snprintf(g_name, sizeof g_name, "broken by %.40s\n", name.c_str());
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(g_input.data()), g_input.size());
}

std::vector<std::string> Corpus(const char* folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> corpus;
  for (const auto& path : paths) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    corpus.push_back(text.str());
  }
  return corpus;
}

std::size_t Place(sfp::Rng& rng, const std::string& text) { return rng.Below(text.size() + 1); }

void Change(sfp::Rng& rng, const std::vector<std::string>& corpus, std::string& text) {
  static constexpr char kTelling[] =
      "{}[]()<>/?#:;,.=%&*\"'\\~$@!|-+ \t\r\n\0\x7f\x80\xff"
      "0159aAxX";
  const char byte =
      rng.Below(2) == 0 ? kTelling[rng.Below(sizeof kTelling)] : static_cast<char>(rng.Below(256));
  const std::size_t at = Place(rng, text);
  const std::string& other = corpus[rng.Below(corpus.size())];
  switch (rng.Below(7)) {
    case 0:
      text.insert(at, 1, byte);
      break;
    case 1:
      text.erase(at, 1 + rng.Below(8));
      break;
    case 2:
      text.insert(at, text.substr(Place(rng, text), rng.Below(40)));
      break;
    case 3:
      text.insert(at, other.substr(Place(rng, other), rng.Below(40)));
      break;
    case 4:
      text.resize(at);
      break;
    case 5:
      text.insert(at, 1 + rng.Below(300), byte);
      break;
    default:
      if (at < text.size()) text[at] = byte;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s CORPUS-FOLDER MUTATIONS [ONLY]\n", argv[0]);
    return 2;
  }
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(OnDeath);
  signal(SIGABRT, OnSignal);
  signal(SIGSEGV, OnSignal);
  const std::vector<std::string> corpus = Corpus(argv[1]);
  if (corpus.empty()) {
    std::fprintf(stderr, "%s holds no file\n", argv[1]);
    return 2;
  }
  const std::uint64_t mutations = std::strtoull(argv[2], nullptr, 10);
  const bool only = argc > 3;
  if (!only) {
    for (std::size_t i = 0; i < corpus.size(); ++i) Run("file " + std::to_string(i), corpus[i]);
    Run("nothing", "");
  }
  std::uint64_t number = only ? std::strtoull(argv[3], nullptr, 10) : 0;
  const std::uint64_t end = only ? number + 1 : mutations;
  for (; number < end; ++number) {
    sfp::Rng rng(number);
    std::string text = corpus[rng.Below(corpus.size())];
    for (std::uint64_t changes = 1 + rng.Below(6); changes > 0; --changes) {
      Change(rng, corpus, text);
    }
    Run("mutation " + std::to_string(number), text);
  }
  std::printf("%zu files and %llu mutations\n", corpus.size(),
              static_cast<unsigned long long>(mutations));
  return 0;
}
