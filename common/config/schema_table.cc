#include <algorithm>
#include <array>
#include <limits>

#include "common/config/schema.h"

namespace sfp::config {
namespace {

using Kind = Rule::Kind;

constexpr std::int64_t kYear = 365LL * 86'400 * 1'000'000'000;
constexpr std::int64_t kInt64Least = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kInt64Most = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMostUsers = 10'000'000;
constexpr std::int64_t kMostWeight = 1'000'000;

// The keys of several maps in one.
template <std::size_t... sizes>
constexpr auto Join(const Key (&... keys)[sizes]) {
  std::array<Key, (sizes + ...)> all{};
  auto to = all.begin();
  ((to = std::copy(std::begin(keys), std::end(keys), to)), ...);
  return all;
}

constexpr Rule kText{.kind = Kind::kText};
constexpr Rule kTemplate{.kind = Kind::kTemplate};
constexpr Rule kFile{.kind = Kind::kFile};
constexpr Rule kBool{.kind = Kind::kBool};
constexpr Rule kDuration{.kind = Kind::kDuration, .most = kYear};
constexpr Rule kSomeDuration{.kind = Kind::kDuration, .least = 1, .most = kYear};
constexpr Rule kStepTime{.kind = Kind::kAutoDuration, .least = 1'000'000'000, .most = kYear};
constexpr Rule kSpawnRate{.kind = Kind::kRate, .most = 1'000'000, .unit = "users per second"};
constexpr Rule kArrivalRate{.kind = Kind::kRate, .most = 10'000'000, .unit = "arrivals per second"};
constexpr Rule kStageRate{
    .kind = Kind::kRate, .most = 10'000'000, .zero = true, .unit = "arrivals per second"};
constexpr Rule kIterations{.kind = Kind::kInteger, .least = 1, .most = 1'000'000'000'000};
constexpr Rule kUsers{.kind = Kind::kInteger, .least = 1, .most = kMostUsers};
constexpr Rule kStageUsers{.kind = Kind::kInteger, .least = 0, .most = kMostUsers};
constexpr Rule kClassWeight{.kind = Kind::kInteger, .least = 1, .most = kMostWeight};
constexpr Rule kCount{.kind = Kind::kInteger, .least = 1, .most = 1'000'000};
constexpr Rule kTaskWeight{.kind = Kind::kInteger, .least = 0, .most = kMostWeight};
constexpr Rule kRedirects{.kind = Kind::kRedirects, .least = 0, .most = 100};
constexpr Rule kHeaders{
    .kind = Kind::kNamed, .element = &kTemplate, .example = "{Accept: text/html}"};
constexpr Rule kFields{
    .kind = Kind::kNamed, .element = &kTemplate, .example = "{term: \"{{term}}\"}"};

constexpr Key kBasicKeys[] = {
    {"user", &kText, nullptr, "The user's name.", true},
    {"password", &kText, nullptr, "The password; better from a variable: \"${API_PASSWORD}\".",
     true},
};
constexpr Rule kBasic{.kind = Kind::kMap, .keys = kBasicKeys};

constexpr Key kTlsKeys[] = {
    {"verify", &kBool, "true", "Check the server's certificate and name."},
    {"ca", &kFile, nullptr, "PEM file of the authorities to trust instead of the system's."},
    {"cert", &kFile, nullptr, "PEM file of the client certificate and its chain.", false, "",
     "key"},
    {"key", &kFile, nullptr, "PEM file of the client certificate's private key.", false, "",
     "cert"},
    {"server_name", &kText, nullptr, "Name for SNI and verification, if it is not the URL's host."},
    {"resume", &kBool, "true",
     "A user's next connection resumes its session, as a browser's does."},
};
constexpr Rule kTls{.kind = Kind::kMap, .keys = kTlsKeys};

constexpr std::string_view kClientPlaces[] = {"header", "body"};
constexpr Rule kClientPlace{.kind = Kind::kWord, .words = kClientPlaces};
constexpr Key kOAuth2Keys[] = {
    {"token_url", &kText, nullptr, "Where tokens are given: https://host/oauth2/token.", true},
    {"client_id", &kText, nullptr, "The client's name.", true},
    {"client_secret", &kText, nullptr, "Its secret; better from a variable: \"${API_SECRET}\".",
     true},
    {"scope", &kText, nullptr, "What the token is to allow; several with spaces between them."},
    {"audience", &kText, nullptr, "For whom the token is, where the server asks for it."},
    {"in", &kClientPlace, "header", "How the client names itself: Basic header, or form fields."},
    {"tls", &kTls, nullptr,
     "How connections to the token URL are made; without it the target's, if it is the same host."},
};
constexpr Rule kOAuth2{.kind = Kind::kMap, .keys = kOAuth2Keys};

constexpr Key kApiKeyKeys[] = {
    {"header", &kText, nullptr, "The header that carries it: X-API-Key.", false, "place"},
    {"query", &kText, nullptr, "The query parameter that carries it.", false, "place"},
    {"value", &kTemplate, nullptr, "The key; better from a variable: \"${API_KEY}\".", true},
};
constexpr Rule kApiKey{.kind = Kind::kMap, .keys = kApiKeyKeys, .needs = "place"};

constexpr Key kAuthKeys[] = {
    {"basic", &kBasic, nullptr, "HTTP Basic authentication.", false, "kind"},
    {"bearer", &kTemplate, nullptr, "A token for 'Authorization: Bearer'.", false, "kind"},
    {"oauth2", &kOAuth2, nullptr,
     "Client credentials: each worker asks for a token before its first request and renews it at "
     "80 % of its life.",
     false, "kind"},
    {"api_key", &kApiKey, nullptr, "A key in a header or in the query.", false, "kind"},
};
constexpr Rule kAuth{.kind = Kind::kMap, .keys = kAuthKeys, .needs = "kind"};

constexpr Key kTimeoutKeys[] = {
    {"dns", &kDuration, "0s", "Resolving the host's name; 0: only the total limits it."},
    {"connect", &kDuration, "0s", "The TCP connection."},
    {"tls", &kDuration, "0s", "The TLS handshake."},
    {"send", &kDuration, "0s", "Sending the request."},
    {"first_byte", &kDuration, "0s", "From the request sent to the response's first byte."},
    {"body", &kDuration, "0s", "From the response's first byte to its last."},
};
constexpr Rule kTimeouts{.kind = Kind::kMap, .keys = kTimeoutKeys};

constexpr Rule kHeaderBytes{.kind = Kind::kBytes, .least = 256, .most = 16 << 20};
constexpr Rule kBodyBytes{.kind = Kind::kBytes, .least = 1, .most = 1LL << 40};
constexpr Key kLimitKeys[] = {
    {"header", &kHeaderBytes, "64KB", "A response with a longer header fails."},
    {"body", &kBodyBytes, "64MB", "A response with a longer body fails."},
};
constexpr Rule kLimits{.kind = Kind::kMap, .keys = kLimitKeys};

constexpr Rule kShared{.kind = Kind::kInteger, .least = 1, .most = 1'000'000};
constexpr Rule kRequests{.kind = Kind::kInteger, .least = 1, .most = 1'000'000'000};
constexpr Rule kAddresses{.kind = Kind::kList,
                          .least = 1,
                          .most = 1000,
                          .element = &kText,
                          .example = "[127.0.0.2, 127.0.0.3]"};
constexpr Key kConnectionKeys[] = {
    {"shared", &kShared, nullptr,
     "So many connections that all users of a worker share; without it each user has its own."},
    {"keep_alive", &kBool, "true", "false: a new connection for each request."},
    {"max_requests", &kRequests, nullptr,
     "A connection is closed after so many requests; without it there is no limit."},
    {"idle_ttl", &kSomeDuration, nullptr,
     "A connection is closed after so long without a request."},
    {"nodelay", &kBool, "true", "TCP_NODELAY: small writes are sent at once."},
    {"source_addresses", &kAddresses, nullptr,
     "The workers' own addresses to connect from, in turn; one has some 28,000 ports."},
    {"dns_refresh", &kSomeDuration, nullptr,
     "Look the host's name up so often; new connections use what is found."},
};
constexpr Rule kConnections{.kind = Kind::kMap, .keys = kConnectionKeys};

constexpr Rule kPool{.kind = Kind::kInteger, .least = 1, .most = 1'000'000};
constexpr std::string_view kRetries[] = {"off", "report"};
constexpr Rule kRetry{.kind = Kind::kWord, .words = kRetries};
constexpr Key kTargetKeys[] = {
    {"url", &kText, nullptr, "Scheme, host and port of the API: https://host:8443.", true},
    {"base_path", &kText, "", "Put in front of each task's path: /v1/things."},
    {"auth", &kAuth, nullptr, "Credentials, never shown anywhere."},
    {"tls", &kTls, "{}", "How https connections are made."},
    {"connections", &kConnections, "{}", "How users hold connections."},
    {"timeout", &kDuration, "1m", "Limit of a whole exchange, connecting included; 0: none."},
    {"timeouts", &kTimeouts, "{}", "Limits of its phases."},
    {"headers", &kHeaders, nullptr,
     "Sent with every request, unless a task names the same header."},
    {"cookies", &kBool, "true", "Keep the cookies that the API sets, per user."},
    {"redirects", &kRedirects, "10", "How many redirects to follow in a row; false: none."},
    {"decompress", &kBool, "false", "Ask for gzip and decode it."},
    {"retry", &kRetry, "off",
     "report: a request that met a connection which the server had closed is made once more, if it "
     "is idempotent; both are counted, the second as \"<task> (retry)\"."},
    {"limits", &kLimits, "{}", "Protection against endless responses."},
    {"declared_pool", &kPool, nullptr,
     "The API's connection pool, to be compared with the concurrency that is measured."},
};
constexpr Rule kTarget{.kind = Kind::kMap, .keys = kTargetKeys};

constexpr Rule kLevels{
    .kind = Kind::kList, .least = 1, .most = 1000, .element = &kUsers, .example = "[10, 20, 50]"};
constexpr Key kSweepKeys[] = {
    {"users", &kLevels, nullptr, "The levels, one row of the table each.", true},
    {"step_time", &kStepTime, "auto", "Length of a level; auto: until its row is valid."},
    {"spawn_rate", &kSpawnRate, nullptr,
     "Users started or stopped per second between levels; without it each change takes 1 s."},
};
constexpr Rule kSweep{.kind = Kind::kMap, .keys = kSweepKeys};

constexpr Key kProbeKeys[] = {
    {"users", &kUsers, nullptr, "The highest level; without it four times target.declared_pool."},
    {"step_time", &kStepTime, "auto", "Length of a level; auto: until its row is valid."},
};
constexpr Rule kProbe{.kind = Kind::kMap, .keys = kProbeKeys, .example = "{users: 120}"};

constexpr std::string_view kDistributions[] = {"constant", "poisson"};
constexpr Rule kDistribution{.kind = Kind::kWord, .words = kDistributions};
constexpr Key kFindKeys[] = {
    {"goal", &kText, nullptr,
     "What must hold for all requests together, such as 'p95 < 500ms', 'avg < 1s', 'failures < "
     "1%'.",
     true},
    {"users", &kUsers, "10000", "The most users to try.", false, "load", "", "rate"},
    {"rate", &kArrivalRate, nullptr,
     "The most arrivals per second to try: the search is over rates (the open model).", false,
     "load"},
    {"start", &kUsers, "10", "Users, or arrivals per second, of the first level."},
    {"max_users", &kUsers, "1000",
     "With rate: how many may be busy at once; an arrival that finds none free is dropped.", false,
     "", "rate"},
    {"distribution", &kDistribution, "constant",
     "With rate. constant: evenly spaced; poisson: at random, as independent clients come.", false,
     "", "rate"},
    {"spawn_rate", &kSpawnRate, nullptr,
     "Users started or stopped per second between levels; without it each change takes 1 s."},
};
constexpr Rule kFind{
    .kind = Kind::kMap, .keys = kFindKeys, .example = "{goal: \"p95 < 500ms\", users: 5000}"};

constexpr Key kStageKeys[] = {
    {"users", &kStageUsers, nullptr, "Users at the end of the ramp.", true},
    {"ramp", &kDuration, "0s", "Time to get there from the previous stage's users."},
    {"hold", &kDuration, "0s", "Time to stay there."},
};
constexpr Rule kStage{.kind = Kind::kMap, .keys = kStageKeys};
constexpr Rule kStages{.kind = Kind::kList,
                       .least = 1,
                       .most = 1000,
                       .element = &kStage,
                       .example = "[{users: 100, ramp: 30s, hold: 2m}]"};

constexpr Key kRateStageKeys[] = {
    {"rate", &kStageRate, nullptr, "Arrivals per second at the end of the ramp.", true},
    {"ramp", &kDuration, "0s", "Time to get there from the previous stage's rate."},
    {"hold", &kDuration, "0s", "Time to stay there."},
};
constexpr Rule kOneRateStage{.kind = Kind::kMap, .keys = kRateStageKeys};
constexpr Rule kRateStages{.kind = Kind::kList,
                           .least = 1,
                           .most = 1000,
                           .element = &kOneRateStage,
                           .example = "[{rate: 200/s, ramp: 30s, hold: 2m}]"};
constexpr Key kArrivalKeys[] = {
    {"rate", &kArrivalRate, nullptr, "Task iterations begun per second.", false, "rate"},
    {"stages", &kRateStages, nullptr, "Ramps and plateaus of the rate.", false, "rate"},
    {"max_users", &kUsers, "1000",
     "How many may be busy at once; an arrival that finds none free is dropped."},
    {"distribution", &kDistribution, "constant",
     "constant: evenly spaced; poisson: at random, as independent clients come."},
};
constexpr Rule kArrivals{.kind = Kind::kMap,
                         .keys = kArrivalKeys,
                         .needs = "rate",
                         .example = "{rate: 200/s, max_users: 2000}"};

constexpr Key kLoadKeys[] = {
    {"users", &kUsers, nullptr, "How many users.", false, "shape"},
    {"sweep", &kSweep, nullptr, "Levels of users one after the other: the table.", false, "shape"},
    {"probe", &kProbe, nullptr,
     "Levels of users who do not think: how many requests the API runs at once.", false, "shape"},
    {"find", &kFind, nullptr, "A search for the highest load under which a goal holds.", false,
     "shape"},
    {"stages", &kStages, nullptr, "Ramps and plateaus.", false, "shape"},
    {"arrivals", &kArrivals, nullptr,
     "The open model: task iterations begin at a rate, whatever the API does.", false, "shape"},
    {"spawn_rate", &kSpawnRate, "1",
     "Users started per second; with iterations and without this all start at once.", false, "",
     "users", "iterations"},
    {"run_time", &kSomeDuration, nullptr,
     "How long, from the first user on; without it until stopped.", false, "", "users arrivals"},
    {"iterations", &kIterations, nullptr,
     "So many tasks altogether, on_start and on_stop not counted; then the run is over.", false, "",
     "users"},
    {"stop_timeout", &kDuration, "30s",
     "How long requests in flight, and on_stop, may take after the run."},
};
constexpr Rule kLoad{.kind = Kind::kMap, .keys = kLoadKeys, .needs = "shape"};

constexpr Rule kValues{.kind = Kind::kList,
                       .least = 1,
                       .most = 10'000'000,
                       .element = &kText,
                       .example = "[\"a\", \"b\"]"};
constexpr Rule kNumber{.kind = Kind::kInteger, .least = kInt64Least, .most = kInt64Most};
constexpr Rule kWidth{.kind = Kind::kInteger, .least = 0, .most = 20};
constexpr Key kRangeKeys[] = {
    {"from", &kNumber, nullptr, "The first number.", true},
    {"to", &kNumber, nullptr, "The last number, included.", true},
    {"step", &kNumber, "1", "From one number to the next; may be negative."},
    {"width", &kWidth, "0", "Pad with zeros to so many digits."},
};
constexpr Rule kRange{.kind = Kind::kMap, .keys = kRangeKeys};
constexpr Rule kCapacity{.kind = Kind::kInteger, .least = 1, .most = 1'000'000};
constexpr std::string_view kScopes[] = {"worker", "class", "user"};
constexpr Rule kScope{.kind = Kind::kWord, .words = kScopes};
constexpr Key kCollectedKeys[] = {
    {"scope", &kScope, "worker",
     "Who shares the values: all users of a worker; those of the same class; or none, each user "
     "has "
     "its own newest value."},
    {"capacity", &kCapacity, nullptr,
     "A worker keeps the newest so many values, 10 if left out; a user has one."},
};
constexpr Rule kCollected{.kind = Kind::kMap, .keys = kCollectedKeys};
constexpr std::string_view kPicks[] = {"random", "sequential", "unique"};
constexpr Rule kPick{.kind = Kind::kWord, .words = kPicks};
constexpr std::string_view kExhaustions[] = {"skip", "cycle", "stop"};
constexpr Rule kExhausted{.kind = Kind::kWord, .words = kExhaustions};
constexpr Rule kColumns{
    .kind = Kind::kList, .least = 1, .most = 100, .element = &kText, .example = "[user, password]"};
constexpr Key kSourceKeys[] = {
    {"values", &kValues, nullptr, "A list of values.", false, "kind"},
    {"range", &kRange, nullptr, "Numbers from one to another.", false, "kind"},
    {"csv", &kFile, nullptr, "A CSV file with a header line.", false, "kind"},
    {"jsonl", &kFile, nullptr, "A file with a JSON object a line.", false, "kind"},
    {"collected", &kCollected, nullptr, "Filled from responses, by a task's collect.", false,
     "kind"},
    {"column", &kText, nullptr, "The file's column: {{name}}.", false, "columns", "csv jsonl"},
    {"columns", &kColumns, nullptr,
     "Several columns of one row: {{name.user}}, {{name.password}}; of JSON lines also a path, "
     "{{name.address.city}}.",
     false, "columns", "csv jsonl"},
    {"pick", &kPick, "random",
     "random; sequential: each user goes through the rows in order; unique: no row is used twice "
     "in the whole "
     "cluster."},
    {"exhausted", &kExhausted, nullptr,
     "What becomes of a task when all unique rows are used: skip (the default) skips it; cycle "
     "begins again with the first; stop retires its user.",
     false, "", "pick"},
};
constexpr Rule kSource{.kind = Kind::kMap, .keys = kSourceKeys, .needs = "kind"};
constexpr Rule kData{
    .kind = Kind::kNamed, .element = &kSource, .example = "{term: {values: [\"a\", \"b\"]}}"};

constexpr Rule kUniform{
    .kind = Kind::kList, .least = 2, .most = 2, .element = &kDuration, .example = "[100ms, 5s]"};
constexpr Key kThinkKeys[] = {
    {"uniform", &kUniform, nullptr, "Evenly between two durations.", false, "kind"},
    {"constant", &kDuration, nullptr, "Always as long.", false, "kind"},
    {"exponential", &kSomeDuration, nullptr, "Exponential with this mean.", false, "kind"},
};
constexpr Rule kThink{
    .kind = Kind::kMap, .keys = kThinkKeys, .needs = "kind", .example = "{uniform: [1s, 2s]}"};
constexpr Key kPacingKeys[] = {
    {"pacing", &kSomeDuration, nullptr, "From one task's start to the next one's.", false, "kind"},
};
constexpr auto kWaitKeys = Join(kThinkKeys, kPacingKeys);
constexpr Rule kWait{
    .kind = Kind::kMap, .keys = kWaitKeys, .needs = "kind", .example = "{uniform: [100ms, 5s]}"};

constexpr Key kTextConditionKeys[] = {
    {"contains", &kTemplate, nullptr, "A text that is part of it.", false, "condition"},
    {"matches", &kText, nullptr, "A regular expression (RE2) that is found in it.", false,
     "condition"},
};
constexpr Rule kTextCondition{.kind = Kind::kMap,
                              .keys = kTextConditionKeys,
                              .needs = "condition",
                              .example = "{contains: welcome}"};
constexpr Rule kValueCondition{.kind = Kind::kMap,
                               .text = true,
                               .keys = kTextConditionKeys,
                               .needs = "condition",
                               .example = "paid"};
constexpr Rule kExpectedValues{
    .kind = Kind::kNamed, .least = 1, .element = &kValueCondition, .example = "{/data/0/id: x}"};
constexpr Rule kExpectedHeaders{.kind = Kind::kNamed,
                                .least = 1,
                                .element = &kValueCondition,
                                .example = "{Content-Type: {contains: json}}"};
constexpr Key kSizeKeys[] = {
    {"least", &kBodyBytes, nullptr, "Not smaller than so."},
    {"most", &kBodyBytes, nullptr, "Not larger than so."},
};
constexpr Rule kSize{.kind = Kind::kMap, .keys = kSizeKeys, .example = "{least: 1KB}"};
constexpr std::string_view kOtherwises[] = {"fail", "warn", "stop"};
constexpr Rule kOtherwise{.kind = Kind::kWord, .words = kOtherwises};
constexpr Rule kStatuses{.kind = Kind::kStatuses};
constexpr Key kExpectKeys[] = {
    {"status", &kStatuses, "200-399",
     "The statuses that count as success: 400, [200, 404], 2xx, 200-299."},
    {"header", &kExpectedHeaders, nullptr,
     "Header fields: their value, {contains: …} or {matches: …}."},
    {"body", &kTextCondition, nullptr, "What the body contains or matches."},
    {"json", &kExpectedValues, nullptr,
     "Values in a JSON body, by JSON pointer: the value, {contains: …} or {matches: …}; with * all "
     "that there are."},
    {"size", &kSize, nullptr, "The decoded body's size."},
    {"time", &kSomeDuration, nullptr, "The response time is at most so long."},
    {"otherwise", &kOtherwise, nullptr,
     "fail (the default): the request has failed; warn: it has succeeded, the warning is counted; "
     "stop: it has failed and its user retires."},
};
constexpr Rule kExpect{.kind = Kind::kMap, .keys = kExpectKeys};

constexpr std::string_view kCollectPicks[] = {"random", "all"};
constexpr Rule kCollectPick{.kind = Kind::kWord, .words = kCollectPicks};
constexpr Key kCollectKeys[] = {
    {"json", &kText, nullptr,
     "A JSON pointer into the response; * stands for each element: /data/*/id.", false, "place"},
    {"regex", &kText, nullptr,
     "A regular expression (RE2) in the body: its first group, or the whole match.", false,
     "place"},
    {"header", &kText, nullptr, "The value of this header.", false, "place"},
    {"cookie", &kText, nullptr,
     "The value of this cookie, as the response sets it or the user has it.", false, "place"},
    {"status", &kBool, nullptr, "true: the status.", false, "place"},
    {"body", &kBool, nullptr, "true: the whole body, of at most 4096 bytes.", false, "place"},
    {"pick", &kCollectPick, "random", "Keep one of the values found, or all."},
    {"match", &kText, nullptr, "A regular expression (ECMAScript): only its match is kept."},
};
constexpr Rule kCollect{.kind = Kind::kMap, .keys = kCollectKeys, .needs = "place"};
constexpr Rule kCollects{
    .kind = Kind::kNamed, .element = &kCollect, .example = "{id: {json: /data/*/id}}"};

constexpr Rule kJson{.kind = Kind::kJson};
constexpr Key kBodyKeys[] = {
    {"file", &kFile, nullptr, "A file whose content is sent as it is; its type is a header's.",
     true},
};
constexpr Rule kBody{.kind = Kind::kMap, .text = true, .keys = kBodyKeys, .example = "a {{text}}"};
constexpr Key kPartKeys[] = {
    {"file", &kFile, nullptr, "The file to send.", true},
    {"type", &kText, "application/octet-stream", "Its media type."},
    {"name", &kText, nullptr, "Its name for the server; without it the file's."},
};
constexpr Rule kPart{.kind = Kind::kMap, .text = true, .keys = kPartKeys, .example = "{{text}}"};
constexpr Rule kParts{.kind = Kind::kNamed,
                      .least = 1,
                      .element = &kPart,
                      .example = "{title: \"{{title}}\", photo: {file: a.png, type: image/png}}"};
constexpr Key kMethodKeys[] = {
    {"get", &kTemplate, nullptr, "Path and query of a GET request, behind target.base_path.", false,
     "method"},
    {"post", &kTemplate, nullptr, "Path and query of a POST request.", false, "method"},
    {"put", &kTemplate, nullptr, "Path and query of a PUT request.", false, "method"},
    {"patch", &kTemplate, nullptr, "Path and query of a PATCH request.", false, "method"},
    {"delete", &kTemplate, nullptr, "Path and query of a DELETE request.", false, "method"},
    {"head", &kTemplate, nullptr, "Path and query of a HEAD request.", false, "method"},
    {"options", &kTemplate, nullptr, "Path and query of an OPTIONS request.", false, "method"},
};
constexpr std::string_view kOfRequest = "get post put patch delete head options";
constexpr Key kRequestKeys[] = {
    {"query", &kFields, nullptr, "Further query parameters, percent-encoded.", false, "",
     kOfRequest},
    {"headers", &kHeaders, nullptr, "Further headers, or others than the target's.", false, "",
     kOfRequest},
    {"body", &kBody, nullptr, "A body, sent as it is: text, or {file: …}.", false, "body",
     kOfRequest},
    {"json", &kJson, nullptr, "A JSON body: as text, or as YAML that is turned into JSON.", false,
     "body", kOfRequest},
    {"form", &kFields, nullptr, "A form-encoded body.", false, "body", kOfRequest},
    {"multipart", &kParts, nullptr,
     "A multipart/form-data body: fields, and files as {file: …, type: …}.", false, "body",
     kOfRequest},
    {"gzip", &kBool, "false", "The body is sent compressed.", false, "",
     "body json form multipart"},
    {"expect", &kExpect, "{}", "What counts as success.", false, "", kOfRequest},
    {"collect", &kCollects, nullptr, "Values to take from the response into collected data.", false,
     "", kOfRequest},
    {"timeout", &kSomeDuration, nullptr, "Instead of target.timeout.", false, "", kOfRequest},
    {"redirects", &kRedirects, nullptr, "Instead of target.redirects.", false, "", kOfRequest},
};

constexpr Key kPlainConditionKeys[] = {
    {"status", &kStatuses, nullptr, "The status of the task's last response.", false, "of"},
    {"name", &kText, nullptr, "Data that has a value; by itself that is the condition.", false,
     "of"},
    {"is", &kText, nullptr, "The value is this one.", false, "how", "name"},
    {"matches", &kText, nullptr, "A regular expression (ECMAScript) is found in the value.", false,
     "how", "name"},
};
constexpr Rule kPlainCondition{.kind = Kind::kMap,
                               .keys = kPlainConditionKeys,
                               .needs = "of",
                               .example = "{status: 404} or {name: token}"};
constexpr Key kNotKeys[] = {
    {"not", &kPlainCondition, nullptr, "The opposite of a condition.", false, "of"},
};
constexpr auto kConditionKeys = Join(kPlainConditionKeys, kNotKeys);
constexpr Rule kCondition{.kind = Kind::kMap,
                          .keys = kConditionKeys,
                          .needs = "of",
                          .example = "{status: 404} or {name: token}"};

extern const Rule kSteps;
constexpr Rule kTimes{.kind = Kind::kInteger, .least = 1, .most = 1'000'000};
constexpr Rule kValuesToSet{
    .kind = Kind::kNamed, .least = 1, .element = &kTemplate, .example = "{note: \"hi-{{name}}\"}"};
constexpr Key kNameKeys[] = {
    {"name", &kText, nullptr, "Under which it is counted; without one: '<task> <number>'.", false,
     "", kOfRequest},
};
constexpr Key kFlowKeys[] = {
    {"think", &kThink, nullptr, "A pause.", false, "method"},
    {"set", &kValuesToSet, nullptr, "Values of this user: collected data with 'scope: user'.",
     false, "method"},
    {"if", &kCondition, nullptr, "A choice: 'then' if the condition holds, 'else' otherwise.",
     false, "method"},
    {"then", &kSteps, nullptr, "Steps if the condition holds.", false, "", "if"},
    {"else", &kSteps, nullptr, "Steps if it does not.", false, "", "if"},
    {"repeat", &kTimes, nullptr, "So many rounds of 'steps', at most.", false, "method"},
    {"until", &kCondition, nullptr, "Behind each round: no further one if this holds.", false, "",
     "repeat"},
    {"group", &kText, nullptr,
     "The time of 'steps' as a whole, pauses included, is reported under this name.", false,
     "method"},
    {"steps", &kSteps, nullptr, "The steps of 'repeat' or 'group'.", false, "", "repeat group"},
};
constexpr auto kStepKeys = Join(kNameKeys, kMethodKeys, kRequestKeys, kFlowKeys);
constexpr Rule kStep{.kind = Kind::kMap, .keys = kStepKeys, .needs = "method"};
constexpr Rule kSteps{.kind = Kind::kList,
                      .least = 1,
                      .most = 10'000,
                      .element = &kStep,
                      .example = "[{get: /}, {think: {constant: 1s}}]",
                      .recursive = "steps"};

constexpr Rule kTags{
    .kind = Kind::kList, .least = 1, .most = 100, .element = &kText, .example = "[read]"};
constexpr Key kTaskOnlyKeys[] = {
    {"weight", &kTaskWeight, "1",
     "Share among the class's tasks; 0: only through on_start or on_stop."},
    {"tags", &kTags, nullptr, "Names by which --tags and --exclude-tags choose tasks."},
};
constexpr Key kTaskStepsKeys[] = {
    {"steps", &kSteps, nullptr,
     "Instead of one request: steps in sequence. A failed request, or one that lacks a value, ends "
     "the task.",
     false, "method"},
};
constexpr auto kTaskKeys = Join(kTaskOnlyKeys, kMethodKeys, kRequestKeys, kTaskStepsKeys);
constexpr Rule kTask{.kind = Kind::kMap, .keys = kTaskKeys, .needs = "method", .recursive = "task"};
constexpr Rule kTasks{
    .kind = Kind::kNamed, .least = 1, .element = &kTask, .example = "{home: {get: /}}"};

constexpr Rule kTaskNames{
    .kind = Kind::kList, .least = 0, .most = 1000, .element = &kText, .example = "[login]"};
constexpr Key kCertificateKeys[] = {
    {"cert", &kFile, nullptr, "PEM file of the client certificate and its chain.", true},
    {"key", &kFile, nullptr, "PEM file of its private key.", true},
};
constexpr Rule kCertificate{.kind = Kind::kMap, .keys = kCertificateKeys};
constexpr Key kClassKeys[] = {
    {"weight", &kClassWeight, "1", "Share of this class among the users that 'count' leaves.",
     false, "share", "", "count"},
    {"count", &kCount, nullptr,
     "So many users are of this class, the first ones; the others go by weight.", false, "share"},
    {"wait", &kWait, nullptr, "The time between two tasks; without it there is none."},
    {"on_start", &kTaskNames, nullptr,
     "Tasks that each user does once, in this order, before all others."},
    {"on_stop", &kTaskNames, nullptr,
     "Tasks that each user does once, in this order, when it retires."},
    {"auth", &kAuth, nullptr, "Credentials instead of the target's."},
    {"tls", &kCertificate, nullptr, "A client certificate instead of the target's."},
    {"tasks", &kTasks, nullptr, "What users of this class do: tasks by name.", true},
};
constexpr Rule kClass{.kind = Kind::kMap, .keys = kClassKeys};
constexpr Rule kClasses{.kind = Kind::kNamed,
                        .least = 1,
                        .element = &kClass,
                        .example = "{visitor: {tasks: {home: {get: /}}}}"};

constexpr Key kThresholdKeys[] = {
    {"check", &kText, nullptr, "The condition, such as \"p95 < 2s\".", true},
    {"abort", &kBool, "false", "The run ends once the condition was broken for long enough."},
    {"for", &kDuration, "10s",
     "So long, as the newest 10 s show it; what only adds up counts from the start.", false, "",
     "abort"},
};
constexpr Rule kThreshold{
    .kind = Kind::kMap, .text = true, .keys = kThresholdKeys, .example = "p95 < 500ms"};
constexpr Rule kThresholds{.kind = Kind::kList,
                           .least = 0,
                           .most = 1000,
                           .element = &kThreshold,
                           .example = "[\"p95 < 500ms\"]"};

constexpr Key kFileKeys[] = {
    {"name", &kText, nullptr, "The run's name; without it the file's."},
    {"target", &kTarget, nullptr, "The API under test.", true},
    {"load", &kLoad, nullptr, "How many users, when. One user until stopped if left out."},
    {"data", &kData, nullptr, "Values for templates, by name."},
    {"users", &kClasses, nullptr, "Classes of users, by name.", true},
    {"thresholds", &kThresholds, nullptr,
     "Conditions on the result, such as \"by_term: p95 < 500ms\", or {check: \"p95 < 2s\", abort: "
     "true, for: 30s}; exit code 1 if one fails."},
    {"setup", &kTasks, nullptr,
     "Tasks done once, in their order, before the load begins; what they collect is data for all "
     "users. One that fails: no load, exit code 3."},
    {"teardown", &kTasks, nullptr,
     "Tasks done once, in their order, after the load, however it ended."},
};
constexpr Rule kWholeFile{.kind = Kind::kMap, .keys = kFileKeys};

}  // namespace

const Rule& FileRule() { return kWholeFile; }

}  // namespace sfp::config
