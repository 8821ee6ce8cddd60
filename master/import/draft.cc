#include "master/import/draft.h"

#include <algorithm>

namespace sfp::import {

std::string Literal(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '$';
    out += text[i];
    if (text[i] == '$' && (next == '$' || next == '{')) out += '$';
    if (text[i] == '{' && next == '{' && i + 1 < text.size()) {
      out += "{{{";
      ++i;
    }
  }
  return out;
}

std::string Use(std::string_view data) { return "{{" + std::string(data) + "}}"; }

void Notes::Add(std::string_view what, std::string_view where) {
  constexpr std::size_t kShown = 3;
  auto note = std::find_if(notes_.begin(), notes_.end(),
                           [&](const Note& known) { return known.what == what; });
  if (note == notes_.end()) note = notes_.insert(note, Note{std::string(what), {}, 0});
  if (where.empty()) return;
  ++note->places;
  if (note->first.size() < kShown) note->first.emplace_back(where);
}

std::vector<std::string> Notes::Lines() const {
  std::vector<std::string> lines;
  for (const Note& note : notes_) {
    std::string line = note.what;
    for (std::size_t i = 0; i < note.first.size(); ++i) {
      line += (i == 0 ? ": " : ", ") + note.first[i];
    }
    if (note.places > note.first.size()) {
      line += " (and " + std::to_string(note.places - note.first.size()) + " more)";
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace sfp::import
