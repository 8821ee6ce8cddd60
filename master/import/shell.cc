#include "master/import/shell.h"

#include <charconv>

#include "master/import/recording.h"

namespace sfp::import {
namespace {

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9');
}

void AppendUtf8(std::string& out, unsigned point) {
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xc0 | point >> 6);
    out += static_cast<char>(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    out += static_cast<char>(0xe0 | point >> 12);
    out += static_cast<char>(0x80 | (point >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (point & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | point >> 18);
    out += static_cast<char>(0x80 | (point >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (point >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (point & 0x3f));
  }
}

class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  StatusOr<std::vector<Command>> Split() {
    while (at_ < text_.size() && status_.ok()) Step();
    EndCommand(false);
    if (!status_.ok()) return status_;
    return std::move(commands_);
  }

 private:
  char Peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  void Fail(const std::string& what) {
    if (status_.ok()) status_ = Invalid("character " + std::to_string(at_ + 1) + ": " + what);
    at_ = text_.size();
  }

  void Step() {
    const char c = text_[at_];
    switch (c) {
      case ' ':
      case '\t':
      case '\r':
        ++at_;
        return EndWord();
      case '\n':
      case ';':
        ++at_;
        return EndCommand(false);
      case '&':
      case '|': {
        const bool both = Peek(1) == c;
        at_ += both ? 2 : 1;
        return EndCommand(c == '|' && !both);
      }
      case '>':
      case '<':
        return Fail("a redirection ('>' or '<') has no meaning here");
      case '`':
        return Fail("a command within a command is not run; write its output");
      case '\'':
        return SingleQuotes();
      case '"':
        return DoubleQuotes();
      case '\\':
        return Backslash();
      case '$':
        if (Peek(1) == '\'') return AnsiQuotes();
        return Dollar();
      case '#':
        if (!in_word_) {
          at_ = std::min(text_.find('\n', at_), text_.size());
          return;
        }
        break;
      default:
        break;
    }
    Put(c);
    ++at_;
  }

  void Put(char c) {
    in_word_ = true;
    word_ += c;
  }
  void EndWord() {
    if (!in_word_) return;
    command_.words.push_back(std::move(word_));
    word_.clear();
    in_word_ = false;
  }
  void EndCommand(bool pipe) {
    EndWord();
    if (!command_.words.empty()) commands_.push_back(std::move(command_));
    command_ = {};
    command_.piped = pipe;
  }

  void Backslash() {
    if (Peek(1) == '\r' && Peek(2) == '\n') {
      at_ += 3;
    } else if (Peek(1) == '\n') {
      at_ += 2;
    } else {
      if (at_ + 1 < text_.size()) Put(text_[at_ + 1]);
      at_ += 2;
    }
  }
  void SingleQuotes() {
    in_word_ = true;
    const std::size_t end = text_.find('\'', at_ + 1);
    if (end == text_.npos) return Fail("this quote (') is not closed");
    word_ += text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
  }
  void DoubleQuotes() {
    in_word_ = true;
    const std::size_t begin = at_++;
    while (at_ < text_.size() && text_[at_] != '"') {
      const char c = text_[at_];
      if (c == '\\' && (Peek(1) == '"' || Peek(1) == '\\' || Peek(1) == '$' || Peek(1) == '`')) {
        Put(text_[at_ + 1]);
        at_ += 2;
      } else if (c == '\\' && Peek(1) == '\n') {
        at_ += 2;
      } else if (c == '`') {
        return Fail("a command within a command is not run; write its output");
      } else if (c == '$') {
        Dollar();
      } else {
        Put(c);
        ++at_;
      }
    }
    if (!status_.ok()) return;
    if (at_ >= text_.size()) {
      at_ = begin;
      return Fail("this quote (\") is not closed");
    }
    ++at_;
  }
  void Dollar() {
    if (Peek(1) == '(') return Fail("a command within a command is not run; write its output");
    const bool braces = Peek(1) == '{';
    std::size_t end = at_ + (braces ? 2 : 1);
    const std::size_t begin = end;
    while (end < text_.size() && IsNameCharacter(text_[end])) ++end;
    const bool digit = begin < text_.size() && text_[begin] >= '0' && text_[begin] <= '9';
    if (braces && (end >= text_.size() || text_[end] != '}')) {
      return Fail("only ${NAME} is known here");
    }
    if (end == begin || digit) {
      Put('$');
      ++at_;
      return;
    }
    in_word_ = true;
    word_ += ShellVariable(text_.substr(begin, end - begin));
    at_ = end + (braces ? 1 : 0);
  }

  // $'…', as browsers write texts with quotes and other characters.
  void AnsiQuotes() {
    in_word_ = true;
    const std::size_t begin = at_;
    at_ += 2;
    while (at_ < text_.size() && text_[at_] != '\'') {
      if (text_[at_] != '\\' || at_ + 1 >= text_.size()) {
        Put(text_[at_++]);
        continue;
      }
      const char c = text_[at_ + 1];
      at_ += 2;
      if (c == 'n') {
        Put('\n');
      } else if (c == 't') {
        Put('\t');
      } else if (c == 'r') {
        Put('\r');
      } else if (c == 'x' || c == 'u' || c == 'U') {
        const std::size_t most = c == 'x' ? 2 : c == 'u' ? 4 : 8;
        const char* from = text_.data() + at_;
        const char* until = from + std::min(most, text_.size() - at_);
        unsigned point = 0;
        const char* end = std::from_chars(from, until, point, 16).ptr;
        if (c == 'x') {
          word_ += static_cast<char>(point);
        } else {
          AppendUtf8(word_, point);
        }
        at_ += static_cast<std::size_t>(end - from);
      } else {
        Put(c);
      }
    }
    if (at_ >= text_.size()) {
      at_ = begin;
      return Fail("this quote ($') is not closed");
    }
    ++at_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool in_word_ = false;
  std::string word_;
  Command command_;
  std::vector<Command> commands_;
  Status status_ = Ok();
};

}  // namespace

StatusOr<std::vector<Command>> SplitCommands(std::string_view text) {
  return Splitter(text).Split();
}

}  // namespace sfp::import
