#include "common/scenario/template.h"

#include <gmock/gmock.h>

#include <set>

#include "common/scenario/functions.h"

namespace sfp::scenario {
namespace {

using testing::HasSubstr;

// "[x]" for a variable x, literals as they are.
std::string Shown(std::string_view text) {
  const auto pieces = ParseTemplate(text);
  if (!pieces.ok()) return "error: " + Message(pieces.status());
  std::string shown;
  for (const TemplatePiece& piece : *pieces) {
    shown += piece.variable ? "[" + piece.text + "]" : piece.text;
  }
  return shown;
}

TEST(TemplateTest, CutsTextIntoLiteralsAndVariables) {
  EXPECT_EQ(Shown(""), "");
  EXPECT_EQ(Shown("plain"), "plain");
  EXPECT_EQ(Shown("?term={{term}}"), "?term=[term]");
  EXPECT_EQ(Shown("/{{ osu_id }}-{{term}}!"), "/[osu_id]-[term]!");
  EXPECT_EQ(Shown("{{a}}{{b.c-d_1}}"), "[a][b.c-d_1]");
  EXPECT_EQ(Shown(R"({"a":{"b":{{n}}}})"), R"({"a":{"b":[n]}})");
}

TEST(TemplateTest, FourBracesAreTwoLiteralOnes) {
  EXPECT_EQ(Shown("{{{{a}}"), "{{a}}");
  EXPECT_EQ(Shown("x{{{{{{a}}y"), "x{{[a]y");
  EXPECT_EQ(ParseTemplate("a{{{{b")->size(), 1u);
}

TEST(TemplateTest, MistakesNameTheirOffset) {
  EXPECT_THAT(Shown("ab{{term"), HasSubstr("offset 2 is not closed"));
  EXPECT_THAT(Shown("{{}}"), HasSubstr("'{{}}' at offset 0"));
  EXPECT_THAT(Shown("{{a}}{{b c}}"), HasSubstr("'{{b c}}' at offset 5"));
  EXPECT_THAT(Shown("{{1a}}"), HasSubstr("error"));
}

TEST(TemplateTest, FindsVariablesWithTheirPlaces) {
  const auto found = FindVariables("/{{ a }}{{{{{{b}}{{a}}");
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].name, "a");
  EXPECT_EQ(found[0].offset, 1u);
  EXPECT_EQ(found[0].length, 7u);
  EXPECT_EQ(found[1].name, "b");
  EXPECT_EQ(found[1].offset, 12u);
  EXPECT_EQ(found[2].offset, 17u);
}

TEST(TemplateTest, FindsVariablesInFrontOfAMistake) {
  EXPECT_EQ(FindVariables("{{a}} {{").size(), 1u);
}

TEST(TemplateTest, CallsHoldLiteralsNumbersNamesAndCalls) {
  const auto pieces = ParseTemplate(R"(x{{ hmac_sha256 ( "k}}\"" , base64(account.user) ) }}y)");
  ASSERT_TRUE(pieces.ok()) << Message(pieces.status());
  ASSERT_EQ(pieces->size(), 3u);
  const TemplatePiece& call = (*pieces)[1];
  ASSERT_NE(call.function, nullptr);
  EXPECT_EQ(call.function->name, "hmac_sha256");
  EXPECT_EQ(call.arguments[0].text, "k}}\"");
  EXPECT_FALSE(call.arguments[0].variable);
  EXPECT_EQ(call.arguments[1].function->name, "base64");
  EXPECT_EQ(call.arguments[1].arguments[0].text, "account.user");
  EXPECT_EQ((*pieces)[2].text, "y");
  EXPECT_EQ(Shown("{{choice('a', \"b\", c)}}{{random_int(-5,5)}}"),
            "[choice('a', \"b\", c)][random_int(-5,5)]");
}

TEST(TemplateTest, FindsNamesWithinCalls) {
  const auto found = FindVariables("{{a}}{{choice('x', b, base64(c))}}");
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[1].name, "b");
  EXPECT_EQ(found[1].offset, 19u);
  EXPECT_EQ(found[1].length, 1u);
  EXPECT_EQ(found[2].offset, 29u);
}

TEST(TemplateTest, MistakesInCallsNameTheirOffset) {
  const std::pair<const char*, const char*> cases[] = {
      {"ab{{uuuid()}}", "there is no function 'uuuid', did you mean 'uuid'? at offset 4"},
      {"{{xyzzy()}}", "there is no function 'xyzzy'; there are uuid, random_int"},
      {"{{uuid(1)}}", "uuid does not take 1 argument, as in uuid() at offset 2"},
      {"{{random_int(1)}}", "does not take 1 argument, as in random_int(1, 100)"},
      {"{{random_int(2, 1)}}", "takes the smaller number first"},
      {"{{random_int(1, 1.5)}}", "takes two whole numbers"},
      {"{{random_int(1, x)}}", "takes numbers and text in quotes only"},
      {"{{random_float(0, 1, 10)}}", "takes 0 to 9 decimals"},
      {"{{random_string(0)}}", "takes 1 to 4096 characters"},
      {"{{random_string(3, '')}}", "takes characters to choose from"},
      {"{{now('%Q')}}", "does not know '%Q' in a format"},
      {"{{now('%')}}", "takes no format that ends with '%'"},
      {"{{now('%F', '1 day')}}", "takes an offset such as '-1d'"},
      {"{{choice('a' 'b')}}", "expected ',' or ')' at offset 13, not '''"},
      {"{{choice('a', )}}", "expected text in quotes, a number, a name or a call at offset 14"},
      {"{{choice('a)}}", "the quote at offset 9 is never closed"},
      {"{{choice('a'", "expected ',' or ')' at offset 12, but the text ends"},
      {"{{uuid() x}}", "expected '}}' at offset 9, not 'x'"},
      {"{{base64(base64(base64(base64(base64(base64(base64(base64(base64('x')))))))))}}",
       "calls are nested too deeply at offset 58"},
  };
  for (const auto& [text, error] : cases) EXPECT_THAT(Shown(text), HasSubstr(error)) << text;
}

TEST(TemplateTest, OnlyLiteralPartsAreEscaped) {
  const auto brackets = [](std::string_view text) { return "<" + std::string(text) + ">"; };
  EXPECT_EQ(EscapeLiterals("a{{{{b{{choice('\"')}}c", +brackets), "<a{{{{b>{{choice('\"')}}<c>");
  EXPECT_EQ(EscapeLiterals("a{{", +brackets), "<a{{>");
}

// What the only call of `text` gives, from the stream of this seed.
std::string Called(const std::string& text, std::uint64_t seed = 1) {
  const auto pieces = ParseTemplate("{{" + text + "}}");
  if (!pieces.ok()) return Message(pieces.status());
  const FunctionCall call = CompileCall((*pieces)[0]);
  std::vector<std::string_view> arguments;
  for (const auto& argument : call.arguments) arguments.push_back(argument.literal);
  Rng rng(seed);
  std::string out;
  const std::size_t most = MostBytes(call, arguments);
  Evaluate(call, arguments, {rng, 7, 3, Duration(951'782'399'123'456'789)}, out);
  EXPECT_LE(out.size(), most) << text;
  return out;
}

TEST(Functions, GiveWhatTheirNamesSay) {
  EXPECT_EQ(Called("user()"), "7");
  EXPECT_EQ(Called("iteration()"), "3");
  EXPECT_EQ(Called("timestamp_ms()"), "951782399123");
  EXPECT_EQ(Called("base64('any carnal pleas')"), "YW55IGNhcm5hbCBwbGVhcw==");
  EXPECT_EQ(Called("urlencode('a b/ü')"), "a%20b%2F%C3%BC");
  EXPECT_EQ(Called("random_string(5, 'x')"), "xxxxx");
  EXPECT_EQ(Called("choice('only')"), "only");
  EXPECT_EQ(Called("random_int(4, 4)"), "4");
  EXPECT_EQ(Called("random_float(-0.5, -0.5, 2)"), "-0.50");
  EXPECT_EQ(Called("random_float(0.05, 0.05, 3)"), "0.050");
  EXPECT_EQ(Called("random_float(12, 12, 0)"), "12");
}

// As date(1) writes them.
TEST(Functions, NowWritesUtc) {
  EXPECT_EQ(Called("now()"), "2000-02-28T23:59:59Z");
  EXPECT_EQ(Called("now('%Y-%m-%d', '1s')"), "2000-02-29");
  EXPECT_EQ(Called("now('%F %T.%L', '-1d')"), "2000-02-27 23:59:59.123");
  EXPECT_EQ(Called("now('%a %A %b %B %y %j %s %%', '+1d12h')"),
            "Wed Wednesday Mar March 00 061 951911999 %");
  EXPECT_EQ(Called("now('%FT%T', '-11017d')"), "1969-12-30T23:59:59");
}

TEST(Functions, RandomOnesAreAFunctionOfTheStreamAndStayWithinTheirBounds) {
  std::set<std::string> uuids, ints, floats, choices;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const std::string uuid = Called("uuid()", seed);
    EXPECT_EQ(uuid, Called("uuid()", seed));
    EXPECT_THAT(uuid,
                testing::MatchesRegex("[0-9a-f]+-[0-9a-f]+-4[0-9a-f]+-[89ab][0-9a-f]+-[0-9a-f]+"));
    EXPECT_EQ(uuid.size(), 36u);
    uuids.insert(uuid);
    ints.insert(Called("random_int(-3, 3)", seed));
    floats.insert(Called("random_float(-0.1, 0.1, 1)", seed));
    choices.insert(Called("choice('a', 'b', 'c')", seed));
    EXPECT_EQ(Called("random_string(9)", seed).size(), 9u);
    Called("random_int(-9223372036854775808, 9223372036854775807)", seed);
  }
  EXPECT_EQ(uuids.size(), 1000u);
  EXPECT_EQ(ints, (std::set<std::string>{"-3", "-2", "-1", "0", "1", "2", "3"}));
  EXPECT_EQ(floats, (std::set<std::string>{"-0.1", "0.0", "0.1"}));
  EXPECT_EQ(choices, (std::set<std::string>{"a", "b", "c"}));
}

// The test cases of RFC 4231.
TEST(Functions, HmacSha256IsThatOfItsRfc) {
  EXPECT_EQ(Called("hmac_sha256('Jefe', 'what do ya want for nothing?')"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(Called("hmac_sha256('" + std::string(20, '\x0b') + "', 'Hi There')"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(Called("hmac_sha256('" + std::string(131, '\xaa') +
                   "', 'Test Using Larger Than Block-Size Key - Hash Key First')"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(Called("hmac_sha256('" + std::string(131, '\xaa') +
                   "', 'This is a test using a larger than block-size key and a larger than "
                   "block-size data. The key needs to be hashed before being used by the HMAC "
                   "algorithm.')"),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

}  // namespace
}  // namespace sfp::scenario
