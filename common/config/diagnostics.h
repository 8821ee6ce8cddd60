#pragma once

// Collects what is wrong with one file while it is read and checked, and at the end gives each
// finding the line that it is about, without the secrets that stand on it.
//
// Used by every step of Parse. At most kMost findings are kept: nobody reads more.
//
// Thread: confined to one Parse.

#include <string>
#include <string_view>
#include <vector>

#include "common/config/config.h"
#include "common/config/node.h"

namespace sfp::config {

class Diagnostics {
 public:
  static constexpr std::size_t kMost = 200;

  // `text` has to outlive this.
  Diagnostics(std::string path, std::string_view text);

  void Add(const Place& place, std::string message);
  // About the part `piece` of a scalar: at that part if the source shows it, else at the scalar.
  void AddWithin(const Node& scalar, std::string_view piece, std::string message);
  // A finding whose line is not shown, because it may hold a secret.
  void AddWithoutLine(const Place& place, std::string message);

  // The scalar that begins at `begin` is a secret; `next` is where the next node or key begins
  // (line 0: the end of the file).
  void Hide(const Place& begin, const Place& next);
  // A text that must not appear in any message.
  void HideText(std::string_view secret);

  // Until there is a tree, nobody knows which part of the text is secret: a line that looks as if
  // it could hold one is not shown.
  void set_trusted(bool trusted) { trusted_ = trusted; }

  bool empty() const { return found_.empty(); }
  // Further findings are only counted: no need to look for words.
  bool full() const { return found_.size() >= kMost; }
  std::string_view Line(int line) const;  // from 1; empty if there is none
  int lines() const { return static_cast<int>(lines_.size()); }
  // All findings by line.
  std::vector<Diagnostic> Take();

 private:
  struct Span {
    Place begin;
    Place next;
  };
  void ShowLine(Diagnostic& diagnostic) const;
  bool MayHoldSecret(int line) const;

  std::string path_;
  std::vector<std::string_view> lines_;
  std::vector<Diagnostic> found_;
  std::vector<bool> lineless_;
  std::vector<Span> hidden_;
  std::vector<std::string> hidden_texts_;
  std::size_t left_out_ = 0;
  bool trusted_ = true;
};

}  // namespace sfp::config
