#include "common/scenario/functions.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "common/base/check.h"
#include "common/base/sha256.h"
#include "common/base/text.h"
#include "common/base/units.h"
#include "common/scenario/template.h"
#include "common/scenario/utc_text.h"

namespace sfp::scenario {
namespace {

using Id = Function::Id;

constexpr std::int64_t kMostCharacters = 4096;
constexpr std::int64_t kMostDecimals = 9;
constexpr std::string_view kAlphanumeric =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view kRfc3339 = "%Y-%m-%dT%H:%M:%SZ";

constexpr Function kFunctions[] = {
    {Id::kUuid, "uuid", 0, 0, true, "uuid()"},
    {Id::kRandomInt, "random_int", 2, 2, true, "random_int(1, 100)"},
    {Id::kRandomFloat, "random_float", 2, 3, true, "random_float(0, 1, 2)"},
    {Id::kRandomString, "random_string", 1, 2, true,
     "random_string(12) or random_string(6, 'abc')"},
    {Id::kChoice, "choice", 1, kMostArguments, false, "choice('a', 'b')"},
    {Id::kNow, "now", 0, 2, true, "now() or now('%Y-%m-%d', '-1d')"},
    {Id::kTimestampMs, "timestamp_ms", 0, 0, true, "timestamp_ms()"},
    {Id::kUser, "user", 0, 0, true, "user()"},
    {Id::kIteration, "iteration", 0, 0, true, "iteration()"},
    {Id::kBase64, "base64", 1, 1, false, "base64(name)"},
    {Id::kUrlEncode, "urlencode", 1, 1, false, "urlencode(name)"},
    {Id::kHmacSha256, "hmac_sha256", 2, 2, false, "hmac_sha256('key', name)"},
};

template <typename Number>
std::optional<Number> ToNumber(std::string_view text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

// "-1d", "90m", "1d12h": a duration with days and a sign.
std::optional<Duration> ToOffset(std::string_view text) {
  const bool back = text.starts_with('-');
  if (back || text.starts_with('+')) text.remove_prefix(1);
  Duration sum{0};
  bool days_only = false;
  if (const std::size_t d = text.find('d'); d != std::string_view::npos) {
    const auto days = ToNumber<std::int64_t>(text.substr(0, d));
    if (!days || *days < 0 || *days > 36'500) return std::nullopt;
    sum = Duration(*days * 86'400'000'000'000);
    text.remove_prefix(d + 1);
    days_only = text.empty();
  }
  if (!days_only) {
    const auto rest = ParseDuration(text);
    if (!rest.ok() || rest->count() > 3'153'600'000'000'000'000) return std::nullopt;
    sum += *rest;
  }
  return back ? -sum : sum;
}

using Numbers = std::array<std::int64_t, 3>;

StatusOr<Numbers> IntBounds(const std::vector<TemplatePiece>& arguments) {
  const auto first = ToNumber<std::int64_t>(arguments[0].text);
  const auto last = ToNumber<std::int64_t>(arguments[1].text);
  if (!first || !last) return Invalid("takes two whole numbers");
  if (*first > *last) return Invalid("takes the smaller number first");
  return Numbers{*first, *last};
}

// The bounds in units of the last decimal.
StatusOr<Numbers> FloatBounds(const std::vector<TemplatePiece>& arguments) {
  constexpr double kMost = 1e9;
  const auto first = ToNumber<double>(arguments[0].text);
  const auto last = ToNumber<double>(arguments[1].text);
  const auto decimals = arguments.size() < 3 ? std::optional<std::int64_t>(6)
                                             : ToNumber<std::int64_t>(arguments[2].text);
  if (!first || !last || std::abs(*first) > kMost || std::abs(*last) > kMost) {
    return Invalid("takes two numbers from -1e9 to 1e9");
  }
  if (*first > *last) return Invalid("takes the smaller number first");
  if (!decimals || *decimals < 0 || *decimals > kMostDecimals) {
    return Invalid("takes 0 to 9 decimals");
  }
  const double unit = std::pow(10.0, static_cast<double>(*decimals));
  return Numbers{std::llround(*first * unit), std::llround(*last * unit), *decimals};
}

StatusOr<Numbers> StringLength(const std::vector<TemplatePiece>& arguments) {
  const auto length = ToNumber<std::int64_t>(arguments[0].text);
  if (!length || *length < 1 || *length > kMostCharacters)
    return Invalid("takes 1 to 4096 characters");
  if (arguments.size() > 1 && arguments[1].text.empty())
    return Invalid("takes characters to choose from");
  return Numbers{*length};
}

StatusOr<Numbers> TimeOffset(const std::vector<TemplatePiece>& arguments) {
  if (!arguments.empty()) {
    if (const Status good = CheckUtcFormat(arguments[0].text); !good.ok()) return good;
  }
  if (arguments.size() < 2) return Numbers{};
  const auto offset = ToOffset(arguments[1].text);
  if (!offset) return Invalid("takes an offset such as '-1d', '90m' or '1d12h'");
  return Numbers{offset->count()};
}

StatusOr<Numbers> NumbersOf(Id id, const std::vector<TemplatePiece>& arguments) {
  switch (id) {
    case Id::kRandomInt:
      return IntBounds(arguments);
    case Id::kRandomFloat:
      return FloatBounds(arguments);
    case Id::kRandomString:
      return StringLength(arguments);
    case Id::kNow:
      return TimeOffset(arguments);
    default:
      return Numbers{};
  }
}

constexpr char kHex[] = "0123456789abcdef";

void AppendUuid(std::string& out, Rng& rng) {
  std::uint64_t high = rng.Next();
  std::uint64_t low = rng.Next();
  high = (high & ~0xf000ULL) | 0x4000;         // version 4
  low = (low & ~(3ULL << 62)) | (1ULL << 63);  // RFC 4122
  char text[36];
  std::size_t at = 0;
  for (int digit = 0; digit < 32; ++digit) {
    if (digit == 8 || digit == 12 || digit == 16 || digit == 20) text[at++] = '-';
    text[at++] = kHex[(digit < 16 ? high >> (60 - 4 * digit) : low >> (124 - 4 * digit)) & 15];
  }
  out.append(text, sizeof text);
}

template <typename Number>
void AppendNumber(std::string& out, Number number) {
  char digits[24];
  const char* const end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

// From first to last, both included; the whole of int64 is possible.
std::int64_t RandomBetween(Rng& rng, std::int64_t first, std::int64_t last) {
  const std::uint64_t span = static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(first);
  const std::uint64_t step = span + 1 == 0 ? rng.Next() : rng.Below(span + 1);
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(first) + step);
}

// `units` of the `decimals`-th decimal.
void AppendFixed(std::string& out, std::int64_t units, std::int64_t decimals) {
  if (units < 0) out += '-';
  char digits[24];
  const std::uint64_t size =
      units < 0 ? 0 - static_cast<std::uint64_t>(units) : static_cast<std::uint64_t>(units);
  const char* const end = std::to_chars(digits, digits + sizeof digits, size).ptr;
  const auto count = static_cast<std::size_t>(end - digits);
  const auto behind = static_cast<std::size_t>(decimals);
  if (count <= behind) {
    out += behind == 0 ? "" : "0.";
    out.append(behind - count, '0');
    out.append(digits, count);
    return;
  }
  out.append(digits, count - behind);
  if (behind > 0) {
    out += '.';
    out.append(digits + count - behind, behind);
  }
}

}  // namespace

const Function* FindFunction(std::string_view name) {
  const auto* const found = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                                         [&](const Function& f) { return f.name == name; });
  return found == std::end(kFunctions) ? nullptr : found;
}

std::string NoFunction(std::string_view name) {
  std::vector<std::string> names;
  for (const Function& function : kFunctions) names.emplace_back(function.name);
  std::string text = "there is no function '" + std::string(name) + "'";
  if (const auto nearest = Nearest(name, names)) return text + ", did you mean '" + *nearest + "'?";
  text += "; there are ";
  for (const std::string& known : names) text += (known == names[0] ? "" : ", ") + known;
  return text;
}

Status CheckArguments(const TemplatePiece& call) {
  const Function& function = *call.function;
  const std::size_t count = call.arguments.size();
  const auto wrong = [&](std::string_view what) {
    return Invalid(std::string(function.name) + " " + std::string(what) + ", as in " +
                   std::string(function.usage));
  };
  if (count < function.least || count > function.most) {
    return wrong("does not take " + std::to_string(count) +
                 (count == 1 ? " argument" : " arguments"));
  }
  if (function.literals && std::any_of(call.arguments.begin(), call.arguments.end(),
                                       [](const TemplatePiece& a) { return a.variable; })) {
    return wrong("takes numbers and text in quotes only");
  }
  const auto numbers = NumbersOf(function.id, call.arguments);
  return numbers.ok() ? Ok() : wrong(Message(numbers.status()));
}

FunctionCall CompileCall(const TemplatePiece& call) {
  FunctionCall compiled{call.function->id, {}, *NumbersOf(call.function->id, call.arguments)};
  for (const TemplatePiece& argument : call.arguments) {
    compiled.arguments.push_back({argument.variable ? "" : argument.text, std::nullopt});
  }
  return compiled;
}

std::size_t MostBytes(const FunctionCall& call, std::span<const std::string_view> arguments) {
  switch (call.id) {
    case Id::kRandomString:
      return static_cast<std::size_t>(call.numbers[0]);
    case Id::kChoice: {
      std::size_t most = 0;
      for (const std::string_view argument : arguments) most = std::max(most, argument.size());
      return most;
    }
    case Id::kNow:
      return arguments.empty() ? kRfc3339.size() * kMostBytesPerUtcField
                               : arguments[0].size() * kMostBytesPerUtcField;
    case Id::kBase64:
      return (arguments[0].size() + 2) / 3 * 4;
    case Id::kUrlEncode:
      return arguments[0].size() * 3;
    default:
      return 64;
  }
}

void Evaluate(const FunctionCall& call, std::span<const std::string_view> arguments,
              const CallContext& context, std::string& out) {
  switch (call.id) {
    case Id::kUuid:
      return AppendUuid(out, context.rng);
    case Id::kRandomInt:
      return AppendNumber(out, RandomBetween(context.rng, call.numbers[0], call.numbers[1]));
    case Id::kRandomFloat:
      return AppendFixed(out, RandomBetween(context.rng, call.numbers[0], call.numbers[1]),
                         call.numbers[2]);
    case Id::kRandomString: {
      const std::string_view alphabet = arguments.size() > 1 ? arguments[1] : kAlphanumeric;
      for (std::int64_t i = 0; i < call.numbers[0]; ++i) {
        out += alphabet[context.rng.Below(alphabet.size())];
      }
      return;
    }
    case Id::kChoice:
      out += arguments[context.rng.Below(arguments.size())];
      return;
    case Id::kNow:
      return AppendUtc(out, context.utc + Duration(call.numbers[0]),
                       arguments.empty() ? kRfc3339 : arguments[0]);
    case Id::kTimestampMs:
      return AppendNumber(out, context.utc.count() / 1'000'000);
    case Id::kUser:
      return AppendNumber(out, context.user);
    case Id::kIteration:
      return AppendNumber(out, context.iteration);
    case Id::kBase64:
      return AppendBase64(out, arguments[0]);
    case Id::kUrlEncode:
      return AppendPercentEncoded(out, arguments[0]);
    case Id::kHmacSha256:
      for (const std::uint8_t byte : HmacSha256(arguments[0], arguments[1])) {
        out += kHex[byte >> 4];
        out += kHex[byte & 15];
      }
      return;
  }
}

}  // namespace sfp::scenario
