// What is wrong, where, and what would be right: tables of texts and of what people then read.

#include "common/config/diagnostics.h"

#include <gtest/gtest.h>

#include "tests/unit/config/parse.h"

namespace sfp::config {
namespace {

struct Case {
  std::string text;
  const char* findings;
};

template <std::size_t N>
void ExpectFindings(const Case (&cases)[N]) {
  for (const Case& c : cases) {
    const Loaded loaded = ParseText(c.text);
    EXPECT_FALSE(loaded.config) << c.text;
    EXPECT_EQ(Findings(loaded), c.findings) << c.text;
  }
}

// Lines 1 and 2 are the target and the users; the case begins on line 3.
std::string After(const std::string& text) { return kTarget + kUsers + text; }
// One task `t` with these members, on line 2.
std::string Task(const std::string& members, const std::string& more = "") {
  return kTarget + "users: {u: {tasks: {t: {" + members + "}}}}\n" + more;
}
std::string Target(const std::string& members) {
  return "target: {url: \"http://h\", " + members + "}\n" + kUsers;
}

TEST(Diagnostics, FormatShowsThePlaceTheLineAndACaret) {
  EXPECT_EQ(Format({"config.yaml", 12, 5, "unknown key 'spwan_rate', did you mean 'spawn_rate'?",
                    "    spwan_rate: 10"}),
            "config.yaml:12:5: unknown key 'spwan_rate', did you mean 'spawn_rate'?\n"
            "  spwan_rate: 10\n"
            "  ^");
  EXPECT_EQ(Format({"config.yaml", 0, 0, "is a directory", ""}), "config.yaml: is a directory");
  EXPECT_EQ(Format({"--users", 0, 0, "wrong", ""}), "--users: wrong");
  EXPECT_EQ(Format({"c.yaml", 1, 6, "wrong", "\xc3\xa9\tab: x"}),
            "c.yaml:1:6: wrong\n  \xc3\xa9 ab: x\n      ^");
}

TEST(Diagnostics, FormatCutsLongLinesAroundTheCaret) {
  const std::string line = std::string(300, 'a') + "X" + std::string(300, 'b');
  const std::string text = Format({"c.yaml", 1, 301, "wrong", line});
  EXPECT_EQ(text, "c.yaml:1:301: wrong\n  ..." + std::string(50, 'a') + "X" + std::string(49, 'b') +
                      "...\n" + std::string(2 + 3 + 50, ' ') + "^");
}

TEST(Diagnostics, BrokenYaml) {
  const Case cases[] = {
      {"", "c.yaml: the file is empty; config-example.yaml shows what belongs in it\n"},
      {"# nothing\n", "c.yaml: the file is empty; config-example.yaml shows what belongs in it\n"},
      {"- a\n",
       "c.yaml:1:1: a configuration is a map that begins with 'target:', as in "
       "config-example.yaml\n"},
      {"hello",
       "c.yaml:1:1: a configuration is a map that begins with 'target:', as in "
       "config-example.yaml\n"},
      {After("load: {users: 1\n"),
       "c.yaml:4:1: this is not YAML: end of map flow not found; a '}' or ',' is missing\n"},
      {After("load:\n\tusers: 1\n"),
       "c.yaml:4:7: this is not YAML: illegal map value; indent with spaces, not with tabs\n"},
      {After("name: a: b\n"),
       "c.yaml:3:8: this is not YAML: illegal map value; text that holds ': ' needs quotes\n"},
      {After("name: \"\\q\"\n"), "c.yaml:3:10: this is not YAML: unknown escape character: q\n"},
      {After("name: *nobody\n"),
       "c.yaml:3:7: this is not YAML: the referenced anchor is not defined\n"},
      {After("--- \nname: x\n"),
       "c.yaml:3:1: a second document begins here; a configuration is one\n"},
      {After("name: !!int 5\n"), "c.yaml:3:7: a tag ('!...') has no meaning here\n"},
  };
  ExpectFindings(cases);
}

TEST(Diagnostics, UnknownDuplicateAndMissingKeys) {
  const Case cases[] = {
      {After("load:\n  spwan_rate: 10\n  users: 5\n"),
       "c.yaml:4:3: unknown key 'spwan_rate', did you mean 'spawn_rate'?\n"},
      {After("treshold: []\n"), "c.yaml:3:1: unknown key 'treshold', did you mean 'thresholds'?\n"},
      {After("run_time: 5m\n"), "c.yaml:3:1: unknown key 'run_time', which belongs under 'load'\n"},
      {After("verify: true\n"),
       "c.yaml:3:1: unknown key 'verify', which belongs under 'target.tls'\n"},
      {After("zzz: 1\n"),
       "c.yaml:3:1: unknown key 'zzz'; the keys here are name, target, load, data, users, "
       "thresholds, setup and teardown\n"},
      {After("load: {users: 1, users: 2}\n"),
       "c.yaml:3:18: duplicate key 'users', first on line 3\n"},
      {After("name: x\nname: y\n"), "c.yaml:4:1: duplicate key 'name', first on line 3\n"},
      {Target("<<: {}"), "c.yaml:1:27: unknown key '<<': maps can't be merged here\n"},
      {kUsers, "c.yaml:1:1: 'target' is missing\n"},
      {"target: {}\n" + kUsers, "c.yaml:1:1: 'url' is missing in 'target'\n"},
      {"target: {ulr: \"http://h\"}\n" + kUsers,
       "c.yaml:1:10: unknown key 'ulr', did you mean 'url'?\n"},
      {"target: {urll: \"http://h\"}\n" + kUsers,
       "c.yaml:1:10: unknown key 'urll', did you mean 'url'?\n"},
      {kTarget, "c.yaml:1:1: 'users' is missing\n"},
      {kTarget + "users: {}\n",
       "c.yaml:2:8: 'users' is empty; it takes a map such as {visitor: {tasks: {home: {get: "
       "/}}}}\n"},
      {kTarget + "users: {u: {}}\n", "c.yaml:2:9: 'tasks' is missing in 'u'\n"},
      {kTarget + "users: {u: {tasks: {}}}\n",
       "c.yaml:2:20: 'tasks' is empty; it takes a map such as {home: {get: /}}\n"},
      {Task("weight: 1"),
       "c.yaml:2:21: one of get, post, put, patch, delete, head, options or steps is missing in "
       "'t'\n"},
      {Task("query: {a: b}"),
       "c.yaml:2:21: one of get, post, put, patch, delete, head, options or steps is missing in "
       "'t'\n"
       "c.yaml:2:25: 'query' has no meaning without 'get'\n"},
      {Task("get: /, steps: [{get: /}]"), "c.yaml:2:33: 'get' and 'steps' exclude each other\n"},
      {Task("steps: []"), "c.yaml:2:32: 'steps' takes at least 1 item, not 0\n"},
      {Task("steps: [{think: {constant: 1s}}]"),
       "c.yaml:2:21: task 'u.t': none of its steps is a request\n"},
      {Task("steps: [{get: /, timeut: 1s}]"),
       "c.yaml:2:42: unknown key 'timeut', did you mean 'timeout'?\n"},
      {Task("steps: [{get: /, then: [{get: /}]}]"),
       "c.yaml:2:42: 'then' has no meaning without 'if'\n"},
      {Task("steps: [{repeat: 3}, {get: /}]"), "c.yaml:2:34: 'repeat' needs 'steps' beside it\n"},
      {Task("steps: [{if: {status: 404}}, {get: /}]"),
       "c.yaml:2:34: 'if' needs 'then' beside it\n"},
      {Task("steps: [{if: {is: x}, then: [{get: /}]}]"),
       "c.yaml:2:34: one of status, name or not is missing in 'if'\n"
       "c.yaml:2:39: 'is' has no meaning without 'name'\n"},
      {Task("steps: [{if: {name: trem}, then: [{get: /}]}]", "data: {term: {values: [a]}}\n"),
       "c.yaml:2:45: there is no data 'trem', did you mean 'term'?\n"},
      {Task("steps: [{set: {note: x}}, {get: /}]", "data: {notes: {collected: {scope: user}}}\n"),
       "c.yaml:2:40: there is no data 'note' with {collected: {scope: user}}, did you mean "
       "'notes'?\n"},
      {Task("steps: [{get: \"/{{a}}\"}]", "data: {a: {collected: {scope: users}}}\n"),
       "c.yaml:2:41: no task collects 'a', so this could never be sent\n"
       "c.yaml:3:31: 'scope' takes worker, class or user, not 'users', did you mean 'user'?\n"},
      {Task("steps: [{get: /, collect: {a: {json: /a}}}]",
            "data: {a: {collected: {scope: user, capacity: 3}}}\n"),
       "c.yaml:3:37: with 'scope: user' there is one value, the newest\n"},
      {kTarget + "users: {u: {count: 2, weight: 2, tasks: {t: {get: /}}}}\n",
       "c.yaml:2:23: 'count' and 'weight' exclude each other\n"},
      {kTarget + "users: {u: {count: 2, tasks: {t: {get: /}}}}\nload: {arrivals: {rate: 5}}\n",
       "c.yaml:3:8: arrivals go by weight: class 'u' can't have a count\n"},
      {Task("gett: /"), "c.yaml:2:25: unknown key 'gett', did you mean 'get'?\n"},
      {Task("get: /, post: /"), "c.yaml:2:33: 'get' and 'post' exclude each other\n"},
      {Task("post: /, json: {}, form: {}"), "c.yaml:2:44: 'json' and 'form' exclude each other\n"},
      {After("load: {}\n"),
       "c.yaml:3:1: one of users, sweep, probe, find, stages or arrivals is missing in 'load'\n"},
      {After("load: {users: 1, sweep: {users: [1]}}\n"),
       "c.yaml:3:18: 'users' and 'sweep' exclude each other\n"},
      {After("load: {sweep: {users: [1]}, spawn_rate: 3}\n"),
       "c.yaml:3:29: 'spawn_rate' has no meaning without 'users'\n"},
      {After("data: {d: {values: [a], column: x}}\n"),
       "c.yaml:3:25: 'column' has no meaning without 'csv'\n"},
  };
  ExpectFindings(cases);
}

TEST(Diagnostics, WrongTypesUnitsAndNumbers) {
  const Case cases[] = {
      {After("load: {users: many}\n"),
       "c.yaml:3:15: 'users' takes a whole number from 1 to 10000000, not 'many'\n"},
      {After("load: {users: -1}\n"),
       "c.yaml:3:15: 'users' takes a whole number from 1 to 10000000, not '-1'\n"},
      {After("load: {users: 1.5}\n"),
       "c.yaml:3:15: 'users' takes a whole number from 1 to 10000000, not '1.5'\n"},
      {After("load: {users: 99999999999999999999}\n"),
       "c.yaml:3:15: 'users' takes a whole number from 1 to 10000000, not "
       "'99999999999999999999'\n"},
      {After("load: {users: [1]}\n"),
       "c.yaml:3:15: 'users' takes a whole number from 1 to 10000000, not a list\n"},
      {After("load: {users: }\n"),
       "c.yaml:3:8: 'users' has no value; it takes a whole number from 1 to 10000000\n"},
      {After("load: 100\n"),
       "c.yaml:3:7: 'load' takes a map of users, sweep, probe, find, stages, arrivals, spawn_rate, "
       "run_time, "
       "iterations, stop_timeout, not '100'\n"},
      {After("load: {users: 1, run_time: 5}\n"),
       "c.yaml:3:28: 'run_time' takes a duration such as 250ms, 5s or 1m30s, above 0, not '5', did "
       "you mean '5s'?\n"},
      {After("load: {users: 1, run_time: 5 minutes}\n"),
       "c.yaml:3:28: 'run_time' takes a duration such as 250ms, 5s or 1m30s, above 0, not '5 "
       "minutes'\n"},
      {After("load: {users: 1, run_time: 9999999h}\n"),
       "c.yaml:3:28: 'run_time' takes a duration such as 250ms, 5s or 1m30s, above 0, not "
       "'9999999h'\n"},
      {After("load: {users: 1, spawn_rate: 0}\n"),
       "c.yaml:3:30: 'spawn_rate' takes users per second above 0, up to 1000000, such as 10 or "
       "600/m, not '0'\n"},
      {After("load: {users: 1, spawn_rate: nan}\n"),
       "c.yaml:3:30: 'spawn_rate' takes users per second above 0, up to 1000000, such as 10 or "
       "600/m, not 'nan'\n"},
      {After("load: {users: 10000000, spawn_rate: 0.01}\n"),
       "c.yaml:3:37: starting all users at this rate would take more than a year\n"},
      {After("load: {sweep: {users: 10}}\n"),
       "c.yaml:3:23: 'users' takes a list such as [10, 20, 50], not '10'\n"},
      {After("load: {sweep: {users: [10, 0]}}\n"),
       "c.yaml:3:28: an item takes a whole number from 1 to 10000000, not '0'\n"},
      {After("load: {sweep: {users: []}}\n"),
       "c.yaml:3:23: 'users' takes at least 1 item, not 0\n"},
      {After("load: {stages: [{users: 5}]}\n"),
       "c.yaml:3:17: a stage takes some time: 'ramp', 'hold' or both\n"},
      {After("load: {stages: [{users: 0, hold: 5s}]}\n"), "c.yaml:3:16: no stage has any users\n"},
      {After("load: {stages: [{users: 1, hold: 5000h}, {users: 1, hold: 5000h}]}\n"),
       "c.yaml:3:16: the stages take more than a year\n"},
      {After("load: {arrivals: {max_users: 2000}, run_time: 5m}\n"),
       "c.yaml:3:8: one of rate or stages is missing in 'arrivals'\n"},
      {After("load: {arrivals: {rate: 0}}\n"),
       "c.yaml:3:25: 'rate' takes arrivals per second above 0, up to 10000000, such as 10 or "
       "600/m, "
       "not '0'\n"},
      {After("load: {arrivals: {stages: [{rate: -1, hold: 1s}]}}\n"),
       "c.yaml:3:35: 'rate' takes arrivals per second from 0 to 10000000, such as 10 or 600/m, not "
       "'-1'\n"},
      {After("load: {arrivals: {stages: [{rate: 5}]}}\n"),
       "c.yaml:3:28: a stage takes some time: 'ramp', 'hold' or both\n"},
      {After("load: {arrivals: {stages: [{rate: 0, hold: 5s}]}}\n"),
       "c.yaml:3:27: no stage has any arrivals\n"},
      {After("load: {arrivals: {stages: [{rate: 5, hold: 5s}]}, run_time: 5m}\n"),
       "c.yaml:3:51: the arrivals' stages say themselves how long they take\n"},
      {After("load: {arrivals: {rate: 5, distribution: posson}}\n"),
       "c.yaml:3:42: 'distribution' takes constant or poisson, not 'posson', did you mean "
       "'poisson'?\n"},
      {kTarget +
           "users: {u: {on_start: [t], tasks: {t: {weight: 0, get: /}}}}\nload: {arrivals: {rate: "
           "5}}\n",
       "c.yaml:3:8: arrivals need a task with a weight in class 'u'\n"},
      {After("load: {users: 10, iterations: 9}\n"),
       "c.yaml:3:31: 9 iterations leave some of the 10 users without any; take at most as many "
       "users\n"},
      {After("load: {sweep: {users: [1]}, iterations: 9}\n"),
       "c.yaml:3:29: 'iterations' has no meaning without 'users'\n"},
      {Target("cookies: maybe"), "c.yaml:1:36: 'cookies' takes true or false, not 'maybe'\n"},
      {Target("redirects: -1"),
       "c.yaml:1:38: 'redirects' takes true, false or a whole number from 0 to 100, not '-1'\n"},
      {Target("limits: {body: 64 potatoes}"),
       "c.yaml:1:42: 'body' takes a size such as 512, 64KB or 1MiB, from 1 to 1099511627776 bytes, "
       "not '64 potatoes'\n"},
      {Target("declared_pool: 0"),
       "c.yaml:1:42: 'declared_pool' takes a whole number from 1 to 1000000, not '0'\n"},
      {Target("connections: {source_addresses: [localhost]}"),
       "c.yaml:1:60: a source address is a numeric IP address, not 'localhost'\n"},
      {Target("timeouts: {dns: -5s}"),
       "c.yaml:1:43: 'dns' takes a duration such as 250ms, 5s or 1m30s, not '-5s'\n"},
      {Task("get: [/]"), "c.yaml:2:30: 'get' takes text, not a list\n"},
      {Task("get: "), "c.yaml:2:25: 'get' has no value; it takes text\n"},
      {Task("get: /, timeout: 0"),
       "c.yaml:2:42: 'timeout' takes a duration such as 250ms, 5s or 1m30s, above 0, not '0'\n"},
      {Task("get: /, weight: -1"),
       "c.yaml:2:41: 'weight' takes a whole number from 0 to 1000000, not '-1'\n"},
      {Task("get: /, expect: {status: 99}"),
       "c.yaml:2:50: 'status' takes statuses such as 404, [200, 404], 2xx or 200-299, not '99'\n"},
      {Task("get: /, expect: {status: [200, 299-200]}"),
       "c.yaml:2:56: an item takes a status such as 404, 2xx or 200-299, not '299-200'\n"},
      {Task("get: /, expect: {status: []}"),
       "c.yaml:2:50: 'status' takes at least 1 item, not 0\n"},
  };
  ExpectFindings(cases);
}

TEST(Diagnostics, TargetsThatCannotBe) {
  const Case cases[] = {
      {"target: {url: localhost}\n" + kUsers,
       "c.yaml:1:15: 'localhost' is not a target URL such as https://host:8443: it has to begin "
       "with http:// or https://\n"},
      {"target: {url: \"ftp://h\"}\n" + kUsers,
       "c.yaml:1:15: 'ftp://h' is not a target URL such as https://host:8443: it has to begin with "
       "http:// or https://\n"},
      {"target: {url: \"http://h:99999\"}\n" + kUsers,
       "c.yaml:1:15: 'http://h:99999' is not a target URL such as https://host:8443: the port is "
       "not "
       "a number from 1 to 65535\n"},
      {"target: {url: \"http://h/v1\"}\n" + kUsers,
       "c.yaml:1:15: 'http://h/v1' is not a target URL such as https://host:8443: what follows the "
       "host belongs in base_path\n"},
      {"target: {url: \"\"}\n" + kUsers,
       "c.yaml:1:15: '' is not a target URL such as https://host:8443: it has to begin with "
       "http:// "
       "or https://\n"},
      {Target("base_path: v1"), "c.yaml:1:38: base_path has to begin with '/', not 'v1'\n"},
      {Target("base_path: /v1/"), "c.yaml:1:38: base_path has to end without '/', not '/v1/'\n"},
      {Target("base_path: \"/v1?x\""), "c.yaml:1:38: base_path holds no '?' or '#', not '/v1?x'\n"},
      {Target("auth: {}"),
       "c.yaml:1:27: one of basic, bearer, oauth2 or api_key is missing in 'auth'\n"},
      {Target("auth: {basic: {user: u}}"), "c.yaml:1:34: 'password' is missing in 'basic'\n"},
      {Target("auth: {basic: {user: \"a:b\", password: p}}"),
       "c.yaml:1:48: the user of basic auth holds ':', which would end the name\n"},
      {Target("auth: {bearer: a b}"),
       "c.yaml:1:42: a bearer token is not empty and holds no spaces or line ends\n"},
      {Target("auth: {bearer: \"{{nothing}}\"}"), "c.yaml:1:43: there is no data 'nothing'\n"},
      {Target("auth: {oauth2: {token_url: \"http://h/t\", client_id: i}}"),
       "c.yaml:1:34: 'client_secret' is missing in 'oauth2'\n"},
      {Target("auth: {oauth2: {token_url: h/t, client_id: i, client_secret: s}}"),
       "c.yaml:1:54: the token URL has to begin with http:// or https://\n"},
      {Target(
           "auth: {oauth2: {token_url: \"http://h/t\", client_id: i, client_secret: s, in: form}}"),
       "c.yaml:1:104: 'in' takes header or body, not 'form'\n"},
      {Target("auth: {api_key: {value: k}}"),
       "c.yaml:1:34: one of header or query is missing in 'api_key'\n"},
      {Target("auth: {api_key: {header: \"a b\", value: k}}"),
       "c.yaml:1:52: 'a b' is not the name of a header\n"},
      {Target("auth: {api_key: {header: a, query: b, value: k}}"),
       "c.yaml:1:55: 'header' and 'query' exclude each other\n"},
      {kTarget + "users: {u: {auth: {bearer: a b}, tasks: {t: {get: /}}}}\n",
       "c.yaml:2:28: a bearer token is not empty and holds no spaces or line ends\n"},
      {kTarget + "users: {u: {tls: {cert: /dev}, tasks: {t: {get: /}}}}\n",
       "c.yaml:2:13: 'key' is missing in 'tls'\n"
       "c.yaml:2:13: a client certificate needs a target with https\n"
       "c.yaml:2:25: can't read '/dev': it is not a file\n"},
      {Target("tls: {ca: nowhere.pem}"),
       "c.yaml:1:37: can't read 'nowhere.pem': No such file or directory\n"},
      {Target("tls: {ca: /dev}"), "c.yaml:1:37: can't read '/dev': it is not a file\n"},
      {Target("tls: {cert: nowhere.pem}"),
       "c.yaml:1:33: 'cert' has no meaning without 'key'\n"
       "c.yaml:1:39: can't read 'nowhere.pem': No such file or directory\n"},
      {Target("tls: {server_name: \"a b\"}"),
       "c.yaml:1:46: server_name is a host name, not 'a b'\n"},
      {Target("headers: {\"A B\": x}"), "c.yaml:1:37: 'A B' is not the name of a header\n"},
      {Target("headers: {Content-Length: 5}"),
       "c.yaml:1:37: header 'Content-Length' is set by sfp, from the body\n"},
      {Target("headers: {Accept: a, accept: b}"), "c.yaml:1:48: header 'accept' is there twice\n"},
      {Target("headers: {A: \"x\\ny\"}"),
       "c.yaml:1:40: a header's value holds no control characters such as the end of a line\n"},
      {After("name: a/b\n"),
       "c.yaml:3:7: a run's name has 1 to 100 characters, none of them '/' or '\\', and no '.' in "
       "front\n"},
  };
  ExpectFindings(cases);
}

TEST(Diagnostics, DataThatCannotBe) {
  const Case cases[] = {
      {After("data: {d: {values: []}}\n"), "c.yaml:3:20: 'values' takes at least 1 item, not 0\n"},
      {After("data: {d: {values: a}}\n"),
       "c.yaml:3:20: 'values' takes a list such as [\"a\", \"b\"], not 'a'\n"},
      {After("data: {d: {values: [[a]]}}\n"), "c.yaml:3:21: an item takes text, not a list\n"},
      {After("data: {d: {}}\n"),
       "c.yaml:3:8: one of values, range, csv, jsonl or collected is missing in 'd'\n"},
      {After("data: {d: {values: [a], range: {from: 1, to: 2}}}\n"),
       "c.yaml:3:25: 'values' and 'range' exclude each other\n"},
      {After("data: {d: {values: [a], pick: rando}}\n"),
       "c.yaml:3:31: 'pick' takes random, sequential or unique, not 'rando', did you mean "
       "'random'?\n"},
      {After("data: {1d: {values: [a]}}\n"),
       "c.yaml:3:8: '1d' is no name for data: a letter or '_', then letters, digits, '_', '-' or "
       "'.'\n"},
      {After("data: {d: {range: {from: 5, to: 1}}}\n"),
       "c.yaml:3:19: the step does not lead from 'from' to 'to'\n"},
      {After("data: {d: {range: {from: 1, to: 5, step: 0}}}\n"),
       "c.yaml:3:42: a step of 0 leads nowhere\n"},
      {After("data: {d: {range: {from: 1}}}\n"), "c.yaml:3:12: 'to' is missing in 'range'\n"},
      {After("data: {d: {range: {from: 1, to: 9223372036854775808}}}\n"),
       "c.yaml:3:33: 'to' takes a whole number, not '9223372036854775808'\n"},
      {After("data: {d: {csv: nowhere.csv, column: x}}\n"),
       "c.yaml:3:17: can't read 'nowhere.csv': No such file or directory\n"},
      {After("data: {d: {collected: {capacity: 0}}}\n"),
       "c.yaml:3:34: 'capacity' takes a whole number from 1 to 1000000, not '0'\n"},
      {After("data: {d: {collected: {}, pick: unique}}\n"),
       "c.yaml:3:33: collected values are picked at random only\n"},
      {After("data: {d: {values: [a], pick: random, exhausted: stop}}\n"),
       "c.yaml:3:50: only unique rows are ever exhausted: 'pick: unique'\n"},
      {After("data: {d: {jsonl: x.jsonl}}\n"),
       "c.yaml:3:8: one of column or columns is missing in 'd'\n"},
      {After("data: {d: {csv: x.csv, column: a, columns: [b]}}\n"),
       "c.yaml:3:17: can't read 'x.csv': No such file or directory\n"
       "c.yaml:3:35: 'column' and 'columns' exclude each other\n"},
      {After("data: {d: {csv: x.csv, columns: [First Name, a, a]}}\n"),
       "c.yaml:3:17: can't read 'x.csv': No such file or directory\n"
       "c.yaml:3:34: a template can't hold the column's name 'First Name': letters, digits, '_', "
       "'-' or '.'\n"
       "c.yaml:3:49: column 'a' stands here twice\n"},
  };
  ExpectFindings(cases);
}

TEST(Diagnostics, UsersAndTasksThatCannotBe) {
  const std::string kData = "data: {term: {values: [a]}, id: {collected: {}}}\n";
  const Case cases[] = {
      {kTarget + "users: {u: {weight: 0, tasks: {t: {get: /}}}}\n",
       "c.yaml:2:21: 'weight' takes a whole number from 1 to 1000000, not '0'\n"},
      {kTarget + "users: {u: {on_start: [tt], tasks: {t: {get: /}}}}\n",
       "c.yaml:2:24: on_start: there is no task 'tt' in this class, did you mean 't'?\n"},
      {kTarget + "users: {u: {on_start: t, tasks: {t: {get: /}}}}\n",
       "c.yaml:2:23: 'on_start' takes a list such as [login], not 't'\n"},
      {kTarget + "users: {u: {wait: 5s, tasks: {t: {get: /}}}}\n",
       "c.yaml:2:19: 'wait' takes a map such as {uniform: [100ms, 5s]}, not '5s'\n"},
      {kTarget + "users: {u: {wait: {uniform: [5s]}, tasks: {t: {get: /}}}}\n",
       "c.yaml:2:29: 'uniform' takes 2 items, not 1\n"},
      {kTarget + "users: {u: {wait: {uniform: [5s, 1s]}, tasks: {t: {get: /}}}}\n",
       "c.yaml:2:34: the longest wait is shorter than the shortest\n"},
      {kTarget + "users: {u: {wait: {pacing: 0s}, tasks: {t: {get: /}}}}\n",
       "c.yaml:2:28: 'pacing' takes a duration such as 250ms, 5s or 1m30s, above 0, not '0s'\n"},
      {kTarget + "users: {u: {wait: {constant: 1s, pacing: 1s}, tasks: {t: {get: /}}}}\n",
       "c.yaml:2:34: 'constant' and 'pacing' exclude each other\n"},
      {Task("weight: 0, get: /"),
       "c.yaml:2:33: with a weight of 0 this task never runs, unless on_start or on_stop names "
       "it\n"},
      {Task("get: \"?term={{trem}}\"", kData),
       "c.yaml:2:37: there is no data 'trem', did you mean 'term'?\n"},
      {Task("get: \"/{{id}}\"", kData),
       "c.yaml:2:32: no task collects 'id', so this could never be sent\n"},
      {Task("get: \"/{{term\"", kData),
       "c.yaml:2:30: '{{' at offset 1 is not closed by '}}' (write '{{{{' for a literal '{{')\n"},
      {Task("get: {{term}}", kData),
       "c.yaml:2:31: a key has to be text (a template needs quotes: "
       "\"{{name}}\")\n"},
      {Task("get: \"{{term}}\"", kData),
       "c.yaml:2:30: a path begins with '/' or '?', not '{{term}}'\n"},
      {Task("get: https://h/x"),
       "c.yaml:2:30: a path begins with '/' or '?'; the host stands in target.url, not "
       "'https://h/x'\n"},
      {Task("get: \"/a b\""),
       "c.yaml:2:30: a path holds no spaces or control characters (write %20 for a space), not '/a "
       "b'\n"},
      {Task("get: /a%2"),
       "c.yaml:2:30: '%' is followed by two hex digits (write %25 for the "
       "character), not '/a%2'\n"},
      {Task("get: \"/a#b\""),
       "c.yaml:2:30: what follows '#' is never sent (write %23 for the "
       "character), not '/a#b'\n"},
      {Task("get: /, query: {q: \"{{x}}\"}, headers: {H: \"{{y}}\"}"),
       "c.yaml:2:45: there is no data 'x'\n"
       "c.yaml:2:68: there is no data 'y'\n"},
      {Task("post: /, form: {f: \"{{x}}\"}"), "c.yaml:2:45: there is no data 'x'\n"},
      {Task("post: /, body: \"{{x}}\""), "c.yaml:2:41: there is no data 'x'\n"},
      {Task("post: /, json: {a: [1, \"{{x}}\"]}"), "c.yaml:2:49: there is no data 'x'\n"},
      {Task("post: /, json: \"{a\""), "c.yaml:2:40: this is not JSON: syntax error\n"},
      {Task("get: /, collect: {idd: {json: /a}}", kData),
       "c.yaml:2:43: there is no data 'idd', did you mean 'id'?\n"},
      {Task("get: /, collect: {term: {json: /a}}", kData),
       "c.yaml:2:43: data 'term' is not of the kind 'collected'\n"},
      {Task("get: /, collect: {id: {json: a/b}}", kData),
       "c.yaml:2:54: 'a/b' is not a JSON pointer such as /data/*/id: it has to begin with '/'\n"},
      {Task("get: /, collect: {id: {json: /a, match: \"(\"}}", kData),
       "c.yaml:2:65: '(' is not a regular expression: Mismatched '(' and ')' in regular "
       "expression\n"},
      {Task("get: /, collect: {id: {json: /a, pick: unique}}", kData),
       "c.yaml:2:64: 'pick' takes random or all, not 'unique'\n"},
      {Task("get: /, collect: {id: {match: a}}", kData),
       "c.yaml:2:43: one of json, regex, header, cookie, status or body is missing in 'id'\n"},
      {After("thresholds: [\"p95 < 500ms\", \"tt: avg < 1s\"]\n"),
       "c.yaml:3:30: no request is called 'tt', did you mean 't'?\n"},
      {After("thresholds: [\"p95 < 500\"]\n"),
       "c.yaml:3:14: p95 is compared with a duration such as 500ms or 3s, not '500'\n"},
      {After("thresholds: \"p95 < 500ms\"\n"),
       "c.yaml:3:13: 'thresholds' takes a list such as [\"p95 < 500ms\"], not 'p95 < 500ms'\n"},
  };
  ExpectFindings(cases);
}

TEST(Diagnostics, AThresholdIsAboutAnyRequestThatIsCountedUnderItsName) {
  const Loaded retries = ParseText(
      "target: {url: \"http://h\", retry: report}\nusers: {u: {tasks: {t: {get: /}}}}\n"
      "thresholds: [\"t (retry): requests < 5\", \"t: p95 < 1s\"]\n");
  EXPECT_EQ(Findings(retries), "");
  std::string many = "target: {url: \"http://h\"}\nusers:\n  u:\n    tasks:\n";
  for (int i = 0; i < 1005; ++i) many += "      t" + std::to_string(i) + ": {get: /}\n";
  many += "thresholds: [\"t3: p95 < 1s\", \"(other): p95 < 1s\", \"t1003: p95 < 1s\"]\n";
  EXPECT_EQ(Findings(ParseText(many)),
            "c.yaml:1010:52: 't1003' has no figures of its own: of more than 1000 request names "
            "those beyond share the row '(other)'\n");
}

TEST(Diagnostics, AThresholdOnANameOfSeveralMethodsSaysWhich) {
  const std::string both =
      "target: {url: \"http://h\"}\nusers: {u: {tasks: {a: {steps: [{get: /, name: item}, "
      "{post: /, name: item}]}}}}\n";
  EXPECT_EQ(Findings(ParseText(both + "thresholds: [\"POST item: p95 < 1s\"]\n")), "");
  EXPECT_EQ(Findings(ParseText(both + "thresholds: [\"item: p95 < 1s\"]\n")),
            "c.yaml:3:15: requests of GET and POST are called 'item': say which, as in 'POST "
            "item'\n");
}

TEST(Diagnostics, Variables) {
  const Case cases[] = {
      {After("name: x${NOPE}\n"),
       "c.yaml:3:8: variable 'NOPE' is not set (${NOPE:-default} would give it a default)\n"},
      {After("name: ${A B}\n"),
       "c.yaml:3:7: a variable is written ${NAME} or ${NAME:-default} (and '$$' is a plain "
       "dollar)\n"},
      {After("name: ${}\n"),
       "c.yaml:3:7: a variable is written ${NAME} or ${NAME:-default} (and '$$' is a plain "
       "dollar)\n"},
      {After("name: \"${OPEN\"\n"),
       "c.yaml:3:8: '${' is not closed by '}' (write '$$' for a plain dollar)\n"},
      {After("load: {users: \"${N:-x}\"}\n"),
       "c.yaml:3:15: 'users' takes a whole number from 1 to 10000000, not 'x'\n"},
  };
  ExpectFindings(cases);
}

TEST(Diagnostics, AllMistakesAreFoundAtOnceInTheOrderOfLines) {
  const Loaded loaded = ParseText(
      "thresholds: [\"p9 < 1s\"]\n"
      "load: {users: x}\n"
      "users: {u: {on_start: [q], tasks: {t: {get: \"{{d}}\", weigth: 1}}}}\n"
      "target: {url: h, timeout: 5}\n"
      "load: {users: 1}\n");
  EXPECT_EQ(Findings(loaded),
            "c.yaml:1:14: unknown metric 'p9', did you mean 'p90'?\n"
            "c.yaml:2:15: 'users' takes a whole number from 1 to 10000000, not 'x'\n"
            "c.yaml:3:24: on_start: there is no task 'q' in this class, did you mean 't'?\n"
            "c.yaml:3:45: a path begins with '/' or '?', not '{{d}}'\n"
            "c.yaml:3:46: there is no data 'd'\n"
            "c.yaml:3:54: unknown key 'weigth', did you mean 'weight'?\n"
            "c.yaml:4:15: 'h' is not a target URL such as https://host:8443: it has to begin with "
            "http:// or https://\n"
            "c.yaml:4:27: 'timeout' takes a duration such as 250ms, 5s or 1m30s, not '5', did you "
            "mean '5s'?\n"
            "c.yaml:5:1: duplicate key 'load', first on line 2\n");
}

TEST(Diagnostics, TheCaretStandsUnderTheMistakeInItsLine) {
  const Loaded loaded = ParseText(After("load:\n    users: many\n"));
  ASSERT_EQ(loaded.diagnostics.size(), 1u);
  EXPECT_EQ(Format(loaded.diagnostics[0]),
            "c.yaml:4:12: 'users' takes a whole number from 1 to 10000000, not 'many'\n"
            "  users: many\n"
            "         ^");
}

TEST(Diagnostics, WindowsLineEndsAndAByteOrderMarkChangeNoPlace) {
  const Loaded loaded =
      ParseText("\xef\xbb\xbfnamee: x\r\ntarget: {url: \"http://h\"}\r\n" + kUsers);
  EXPECT_EQ(Printed(loaded),
            "c.yaml:1:1: unknown key 'namee', did you mean 'name'?\n  namee: x\n  ^\n");
}

}  // namespace
}  // namespace sfp::config
