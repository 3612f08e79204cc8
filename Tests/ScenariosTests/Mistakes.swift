/// What an author may do wrong at one place of the whole scenario, and the exact words that tell it: a label, the text
/// that is replaced, its replacement, and the diagnostics from their line on.
let mistakes: [(label: String, found: String, replacement: String, expected: [String])] = [
  (
    "an unknown key at the top", "name: whole",
    "name: whole\ntarged: 1",
    ["2:1: error: unknown key 'targed' in 'scenario'; did you mean 'target'?"]
  ),
  (
    "an unknown key that is near no other", "name: whole",
    "name: whole\nzzz: 1",
    [
      "2:1: error: unknown key 'zzz' in 'scenario'; known: name, target, carrier, upgrade, groups, load, messages, expect, collector"
    ]
  ),
  (
    "an unknown key in a phase", "warm-up: false",
    "warmup: false",
    ["11:63: error: unknown key 'warmup' in 'phase'; did you mean 'warm-up'?"]
  ),
  (
    "an unknown key in a nested span", "children: [reply]",
    "children: [{ name: reply, parent: client }]",
    [
      "29:35: error: unknown key 'parent' in 'span'; known: name, kind, count, optional, async, scope, status, attributes, links, events, remote, children"
    ]
  ),
  (
    "a connect-rate that is misspelt", "connect-rate:",
    "connect-rat:",
    ["9:3: error: unknown key 'connect-rat' in 'load'; did you mean 'connect-rate'?"]
  ),
  ("a missing name", "name: whole\n", "", ["1:1: error: 'name' is missing in 'scenario'"]),
  ("a missing URL", "  url: ws://host:8000/{{ room }}/\n", "", ["3:3: error: 'url' is missing in 'target'"]),
  (
    "a missing target",
    "target:\n  url: ws://host:8000/{{ room }}/\n  headers: { X-Id: \"{{ connection.index }}\" }\n",
    "",
    ["1:1: error: 'target' is missing in 'scenario'"]
  ),
  ("a missing 'for'", "for: 1s, ", "", ["11:7: error: 'for' is missing in 'phase'"]),
  (
    "a missing body", "body: { type: chat, id: \"{{ message.id }}\" }\n    ",
    "",
    ["14:5: error: 'body' is missing in 'chat'"]
  ),
  (
    "a missing match", "match: { id: \"{{ message.id }}\" }\n      ",
    "",
    ["18:7: error: 'match' is missing in 'echo'"]
  ),
  ("a missing span name", "- name: receive\n        kind", "- kind", ["24:9: error: 'name' is missing in 'span'"]),
  ("no name", "name: whole", "name:", ["1:6: error: 'name' is empty, but text is needed"]),
  ("null as a name", "name: whole", "name: null", ["1:7: error: 'name' is empty, but text is needed"]),
  ("a list as a name", "name: whole", "name: [a]", ["1:7: error: 'name' is a list, but text is needed"]),
  (
    "text for a mapping", "carrier: { at: /trace_context }",
    "carrier: /trace_context",
    ["5:10: error: 'carrier' is '/trace_context', but a mapping is needed"]
  ),
  (
    "a list for a mapping", "groups: { room: 2 }",
    "groups: [room]",
    ["6:9: error: 'groups' is a list, but a mapping is needed"]
  ),
  (
    "text for a list", "expect:\n  - propagation == 100%",
    "expect: propagation == 100%",
    ["30:9: error: 'expect' is 'propagation == 100%', but a list is needed"]
  ),
  (
    "a mapping for a list", "children: [reply]",
    "children: { reply: 1 }",
    ["29:19: error: 'children' is a mapping, but a list is needed"]
  ),
  (
    "text for a number", "connections: 4",
    "connections: four",
    ["8:16: error: 'connections' is 'four', but a whole number is needed"]
  ),
  (
    "a fraction for a whole number", "connections: 4",
    "connections: 4.5",
    ["8:16: error: 'connections' is '4.5', but a whole number is needed"]
  ),
  (
    "a quoted number", "connections: 4",
    "connections: \"4\"",
    ["8:16: error: 'connections' is '4', but a whole number is needed; write it without quotes"]
  ),
  (
    "a number that is too small", "connections: 4",
    "connections: 0",
    ["8:16: error: 'connections' is '0', but must lie between 1 and 1000000"]
  ),
  (
    "a number that is too large", "weight: 1",
    "weight: 1000001",
    ["14:13: error: 'weight' is '1000001', but must lie between 0 and 1000000"]
  ),
  (
    "a port that is too large", "http: 0",
    "http: 65536",
    ["32:20: error: 'http' is '65536', but must lie between 0 and 65535"]
  ),
  (
    "text for a truth value", "optional: false",
    "optional: no",
    ["28:19: error: 'optional' is 'no', but true or false is needed"]
  ),
  (
    "a key twice", "name: whole",
    "name: whole\nname: other",
    ["1:1: error: the key 'name' stands more than once in one mapping; keep one of them"]
  ),
  (
    "a key twice in a body", "type: chat,",
    "type: chat, type: chat,",
    ["15:13: error: the key 'type' stands more than once in one mapping; keep one of them"]
  ),
  (
    "a list as a key", "type: chat,",
    "[type]: chat,",
    ["15:13: error: a key in 'body' is a list, but text is needed"]
  ),
  (
    "a mapping as a key", "name: whole",
    "name: whole\n? { a: b }\n: c",
    ["2:3: error: a key in 'scenario' is a mapping, but text is needed"]
  ),
  ("an empty key", "type: chat,", "\"\": chat,", ["15:13: error: a key in 'body' is empty, but text is needed"]),
  (
    "a time without unit", "within: 2s",
    "within: 2",
    [
      "20:15: error: 'within' is '2', but a time is needed; write it with its unit, as in '10s', '250ms' or '2m'; at most 30 days"
    ]
  ),
  (
    "a time with another unit", "within: 2s",
    "within: 2 seconds",
    [
      "20:15: error: 'within' is '2 seconds', but a time is needed; write it with its unit, as in '10s', '250ms' or '2m'; at most 30 days"
    ]
  ),
  (
    "a time of zero", "within: 2s",
    "within: 0s",
    ["20:15: error: 'within' is '0s', but must be above 0s and at most 600s"]
  ),
  (
    "a time that is too long", "within: 2s",
    "within: 601s",
    ["20:15: error: 'within' is '601s', but must be above 0s and at most 600s"]
  ),
  (
    "a negative time", "for: 1s",
    "for: -1s",
    [
      "11:28: error: 'for' is '-1s', but a time is needed; write it with its unit, as in '10s', '250ms' or '2m'; at most 30 days"
    ]
  ),
  ("a phase of no length", "for: 1s", "for: 0s", ["11:28: error: 'for' is '0s', but must be above 0s"]),
  (
    "a phase of years", "for: 1s",
    "for: 9000h",
    [
      "11:28: error: 'for' is '9000h', but a time is needed; write it with its unit, as in '10s', '250ms' or '2m'; at most 30 days"
    ]
  ),
  (
    "a settle time that is too short", "settle: 1s",
    "settle: 1ms",
    ["32:31: error: 'settle' is '1ms', but must lie between 100ms and 600s"]
  ),
  (
    "a rate without unit", "rate: 10/s",
    "rate: 10",
    [
      "11:38: error: 'rate' is '10', but a rate is needed; write it with its unit, as in '500/s', or '100/s..500/s' for a ramp; above 0 and at most 100000000/s"
    ]
  ),
  (
    "a rate of zero", "rate: 10/s",
    "rate: 0/s",
    [
      "11:38: error: 'rate' is '0/s', but a rate is needed; write it with its unit, as in '500/s', or '100/s..500/s' for a ramp; above 0 and at most 100000000/s"
    ]
  ),
  (
    "a rate by the minute", "rate: 10/s",
    "rate: 10/m",
    [
      "11:38: error: 'rate' is '10/m', but a rate is needed; write it with its unit, as in '500/s', or '100/s..500/s' for a ramp; above 0 and at most 100000000/s"
    ]
  ),
  (
    "a ramp to nowhere", "rate: 10/s",
    "rate: 10/s..",
    [
      "11:38: error: 'rate' is '10/s..', but a rate is needed; write it with its unit, as in '500/s', or '100/s..500/s' for a ramp; above 0 and at most 100000000/s"
    ]
  ),
  (
    "a burst of none", "rate: 10/s",
    "burst: 0, rate: 10/s",
    ["11:39: error: 'burst' is '0', but must lie between 1 and 1000000"]
  ),
  (
    "a bound of the send lag without a unit", "connect-rate: 100/s",
    "send-lag: 50",
    [
      "9:13: error: 'send-lag' is '50', but a time is needed; write it with its unit, as in '10s', '250ms' or '2m'; at most 30 days"
    ]
  ),
  (
    "a rate that is too high", "connect-rate: 100/s",
    "connect-rate: 1e9/s",
    [
      "9:17: error: 'connect-rate' is '1e9/s', but a rate is needed; write it with its unit, as in '500/s'; above 0 and at most 100000000/s"
    ]
  ),
  (
    "a rate and a think time", "rate: 10/s",
    "think-time: 1s, rate: 10/s",
    [
      "11:44: error: the phase has both 'rate' and 'think-time'; 'rate' is the open model, 'think-time' the closed one; keep one of them"
    ]
  ),
  (
    "arrivals of a closed phase", "rate: 10/s",
    "think-time: 1s",
    ["11:58: error: 'arrivals' goes with 'rate' only, not with 'think-time'"]
  ),
  (
    "neither rate nor think time", "rate: 10/s, arrivals: poisson, ",
    "",
    ["11:7: error: the phase has neither 'rate' nor 'think-time'; write 'rate: 100/s' or 'think-time: 1s'"]
  ),
  (
    "other arrivals", "arrivals: poisson",
    "arrivals: poison",
    ["11:54: error: unknown arrivals 'poison'; did you mean 'poisson'?"]
  ),
  (
    "mixed phases", "phases:",
    "phases:\n    - { for: 1s, think-time: 1s }",
    ["11:5: error: phases with 'rate' and phases with 'think-time' cannot be mixed in one scenario"]
  ),
  (
    "no phases", "phases:\n    - { name: steady, for: 1s, rate: 10/s, arrivals: poisson, warm-up: false }",
    "phases: []",
    ["10:11: error: 'phases' is empty; write at least one, as in '- { for: 10s, rate: 100/s }'"]
  ),
  (
    "phases of more than 30 days", "phases:",
    "phases:\n    - { for: 720h, rate: 1/s }",
    ["11:5: error: the phases last longer than 30 days together"]
  ),
  (
    "an unknown name in a template", "message.id }}\" }\n      copies",
    "mesage.id }}\" }\n      copies",
    ["18:20: error: unknown template name 'mesage.id' in 'match'; did you mean 'message.id'?"]
  ),
  (
    "a name of another place", "url: ws://host:8000/{{ room }}/",
    "url: ws://host:8000/{{ message.id }}/",
    ["3:8: error: unknown template name 'message.id' in 'url'; known: connection.index, room"]
  ),
  (
    "an unclosed template", "url: ws://host:8000/{{ room }}/",
    "url: ws://host:8000/{{ room }/",
    ["3:8: error: '{{' is not closed by '}}' in 'url'; write it as in '{{ room }}'"]
  ),
  (
    "a group's size without a group", "groups: { room: 2 }\n",
    "",
    [
      "3:8: error: unknown template name 'room' in 'url'; known: connection.index",
      "18:15: error: unknown template name 'room.size' in 'copies'; name a group first, as in 'groups: { room: 10 }'",
    ]
  ),
  (
    "no URL at all", "url: ws://host:8000/{{ room }}/",
    "url: host",
    ["3:8: error: 'url' has no scheme; write it as in 'ws://127.0.0.1:8000/path'"]
  ),
  ("an empty URL", "url: ws://host:8000/{{ room }}/", "url:", ["3:7: error: 'url' is empty, but text is needed"]),
  (
    "a list as a URL", "url: ws://host:8000/{{ room }}/",
    "url: [ws]",
    ["3:8: error: 'url' is a list, but text is needed"]
  ),
  (
    "a header name with a blank", "X-Id:",
    "X Id:",
    ["4:14: error: 'X Id' is no header name; use letters, digits and '-'"]
  ),
  (
    "a header of the handshake", "X-Id:",
    "Sec-WebSocket-Key:",
    ["4:14: error: the header 'Sec-WebSocket-Key' is written by the handshake itself; leave it out"]
  ),
  (
    "a control character in a header", "{{ connection.index }}\" }\ncarrier",
    "a\\r\\nb: c\" }\ncarrier",
    ["4:20: error: the header 'X-Id' has a control character in its value; write one line of text"]
  ),
  (
    "a list as a header", "\"{{ connection.index }}\" }\ncarrier",
    "[a] }\ncarrier",
    ["4:20: error: 'X-Id' is a list, but text is needed"]
  ),
  (
    "a group that divides nothing", "room: 2",
    "room: 3",
    ["6:9: error: 4 connections do not fill groups of 3; make 'connections' a multiple of 3"]
  ),
  (
    "a group size of zero", "room: 2",
    "room: 0",
    ["6:17: error: 'room' is '0', but must lie between 1 and 1000000"]
  ),
  (
    "two groups", "room: 2",
    "room: 2, hall: 2",
    ["6:20: error: 'groups' has 2 kinds of group, but only one can be given"]
  ),
  (
    "no group", "groups: { room: 2 }",
    "groups: {}",
    ["6:9: error: 'groups' names no group; write 'groups: { room: 10 }'"]
  ),
  (
    "a group with a reserved name", "groups: { room: 2 }",
    "groups: { message: 2 }",
    [
      "6:11: error: 'message' cannot name a group; use letters, digits, '-' and '_', but neither 'message' nor 'connection'"
    ]
  ),
  (
    "a carrier without a slash", "/trace_context",
    "trace_context",
    [
      "5:16: error: 'trace_context' is no JSON pointer to an object inside the message; write it with slashes, as in '/trace_context'"
    ]
  ),
  (
    "a carrier that is the whole message", "/trace_context",
    "/",
    [
      "5:16: error: '/' is no JSON pointer to an object inside the message; write it with slashes, as in '/trace_context'"
    ]
  ),
  (
    "a carrier that is too deep", "/trace_context",
    "/a/b/c/d/e/f/g/h/i",
    ["5:16: error: the carrier lies 9 levels deep, but 8 is the most"]
  ),
  (
    "the carrier's place in the body", "type: chat,",
    "trace_context: 1,",
    [
      "15:13: error: 'trace_context' is the carrier's place, which is filled in; leave it out of the body, or move the carrier"
    ]
  ),
  (
    "no messages", "messages:\n  chat:",
    "messages: {}\nx:\n  chat:",
    [
      "12:11: error: 'messages' is empty; name at least one message type",
      "13:1: error: unknown key 'x' in 'scenario'; known: name, target, carrier, upgrade, groups, load, messages, expect, collector",
    ]
  ),
  (
    "a body that is text", "body: { type: chat, id: \"{{ message.id }}\" }",
    "body: chat",
    [
      "15:11: error: 'body' is 'chat', but a mapping is needed; write its members, as in 'body: { type: chat_message }'"
    ]
  ),
  (
    "weights of zero only", "weight: 1",
    "weight: 0",
    ["13:3: error: no message type has a weight above 0, so nothing would be sent; a type without 'weight' has 1"]
  ),
  (
    "a size without unit", "trace: fresh",
    "size: 1024",
    [
      "16:11: error: 'size' is '1024', but a size is needed; write it with its unit, as in '512B', '64KiB' or '1MiB'; at most 16MiB"
    ]
  ),
  (
    "a size of more than 16 MiB", "trace: fresh",
    "size: 16.5MiB",
    [
      "16:11: error: 'size' is '16.5MiB', but a size is needed; write it with its unit, as in '512B', '64KiB' or '1MiB'; at most 16MiB"
    ]
  ),
  (
    "a size that the message has already", "trace: fresh",
    "size: 145B",
    [
      "16:11: error: 'size' is 145 bytes, but the body with its carrier and an empty 'padding' has 146 already; make it '146B' at least"
    ]
  ),
  (
    "a size, and the member that fills it", "type: chat, id: \"{{ message.id }}\" }",
    "padding: 1 }\n    size: 1KiB",
    [
      "15:13: error: 'padding' is the member that 'size' fills the message with; leave it out of the body, or leave out 'size'"
    ]
  ),
  (
    "another trace mode", "trace: fresh",
    "trace: freshly",
    ["16:12: error: unknown trace 'freshly'; did you mean 'fresh'?"]
  ),
  (
    "an empty match", "match: { id: \"{{ message.id }}\" }",
    "match: {}",
    ["18:14: error: 'match' is empty, so every message would be an echo; name a member, as in '{ type: chat }'"]
  ),
  (
    "a list in a match", "match: { id: \"{{ message.id }}\" }",
    "match: { id: [1], type: {} }",
    [
      "18:20: error: 'id' is a list, but text, a number, true, false or null is needed",
      "18:31: error: 'type' is a mapping, but text, a number, true, false or null is needed",
    ]
  ),
  (
    "a message id that is matched twice", "match: { id: \"{{ message.id }}\" }",
    "match: { id: \"{{ message.id }}{{ message.id }}\" }",
    ["18:14: error: '{{ message.id }}' is matched more than once"]
  ),
  (
    "copies that are text", "copies: \"{{ room.size }}\"",
    "copies: many",
    ["19:15: error: 'copies' is 'many', but a number or a group's size is needed; write '1' or '{{ room.size }}'"]
  ),
  (
    "copies with text around the size", "copies: \"{{ room.size }}\"",
    "copies: \"{{ room.size }} of them\"",
    [
      "19:15: error: 'copies' is '{{ room.size }} of them', but a number or a group's size is needed; write '1' or '{{ room.size }}'"
    ]
  ),
  (
    "copies that are a list", "copies: \"{{ room.size }}\"",
    "copies: [1]",
    ["19:15: error: 'copies' is a list, but a number or a group's size is needed; write '1' or '{{ room.size }}'"]
  ),
  (
    "copies that are negative", "copies: \"{{ room.size }}\"",
    "copies: -1",
    ["19:15: error: 'copies' is '-1', but must lie between 0 and 1000000"]
  ),
  (
    "another context", "trace-context: continued",
    "trace-context: continue",
    ["21:22: error: unknown trace-context 'continue'; did you mean 'continued'?"]
  ),
  (
    "a parent that is no span", "parent: reply",
    "parent: repl",
    ["22:15: error: unknown span 'repl' in 'parent'; did you mean 'reply'?"]
  ),
  (
    "nine attributes, of which only eight can be looked at", "children: [reply]",
    "children: [reply], attributes: { a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1 }".replacing(
      "], a", with: "]\n        a"),
    [
      "13:3: error: the spans' rules name 9 attributes: a, b, c, d, e, f, g, h, i; at most 8 can be looked at in one scenario"
    ]
  ),
  (
    "a link to an upgrade's trace where there is none", "children: [reply]",
    "children: [reply]\n        links: [connection]",
    [
      "13:3: error: a span is to link to its connection's trace, but upgrades carry none; write 'upgrade: {}' beside the carrier, or 'links: [any]'"
    ]
  ),
  (
    "a status that OTLP does not know", "children: [reply]", "children: [reply]\n        status: fine",
    ["30:17: error: unknown status 'fine'; known: unset, ok, error"]
  ),
  (
    "an attribute without a value", "children: [reply]", "children: [reply]\n        attributes: { a: null }",
    [
      "30:26: error: 'attributes' is empty, but a text, a number, true, false or '{ present: true }' is needed; write '{ present: false }' where the span must not have it"
    ]
  ),
  (
    "an attribute of which nothing is demanded", "children: [reply]",
    "children: [reply]\n        attributes: { a: {} }",
    ["30:26: error: 'present' is missing in 'attributes'"]
  ),
  (
    "a parent where no spans are expected",
    "spans:\n      - name: receive\n        kind: server\n        parent: client\n        count: 1\n        optional: false\n        children: [reply]",
    "spans: []",
    ["22:15: error: unknown span 'reply' in 'parent'; say under 'spans' which are expected"]
  ),
  (
    "a span that matches everything", "- name: receive",
    "- name: \"**\"",
    ["24:15: error: the span name '**' would match every span; name a part, as in 'chat.*'"]
  ),
  ("another kind", "kind: server", "kind: Server", ["25:15: error: unknown kind 'Server'; did you mean 'server'?"]),
  (
    "another parent", "parent: client",
    "parent: clint",
    ["26:17: error: unknown parent 'clint'; did you mean 'client'?"]
  ),
  (
    "a span that is a list", "children: [reply]",
    "children: [[reply]]",
    ["29:20: error: 'span' is a list, but a mapping is needed"]
  ),
  (
    "an expectation without a comparison", "propagation == 100%",
    "propagation 100%",
    ["31:5: error: 'propagation 100%' compares nothing; write a metric, one of <= >= == < >, and a bound"]
  ),
  (
    "a metric that is unknown", "propagation == 100%",
    "propagations == 100%",
    ["31:5: error: unknown metric 'propagations'; did you mean 'propagation'?"]
  ),
  (
    "a latency that is unknown", "propagation == 100%",
    "p99(latency) < 5ms",
    [
      "31:5: error: unknown latency 'latency'; known: response-time, service-time, send-lag, connect-time, dns-time, tcp-time, proxy-time, tls-time, upgrade-time, close-time, ping-time, fan-out-spread, span-delay"
    ]
  ),
  (
    "a percentile above 100", "propagation == 100%",
    "p101(response-time) < 5ms",
    ["31:5: error: 'p101' is no percentile; write 'p50', 'p99.9' or 'max'"]
  ),
  (
    "a statistic that is unknown", "propagation == 100%",
    "mean(response-time) < 5ms",
    ["31:5: error: 'mean' is no percentile; write 'p50', 'p99.9' or 'max'"]
  ),
  (
    "a latency without unit", "propagation == 100%",
    "p99(response-time) < 5",
    ["31:5: error: the bound '5' is no time; write it with its unit, as in '50ms'"]
  ),
  (
    "a percentage without sign", "propagation == 100%",
    "propagation == 1",
    ["31:5: error: the bound '1' is no percentage; write it as in '99.9%', at most '100%'"]
  ),
  (
    "a percentage above 100", "propagation == 100%",
    "propagation >= 101%",
    ["31:5: error: the bound '101%' is no percentage; write it as in '99.9%', at most '100%'"]
  ),
  (
    "a count with a sign", "propagation == 100%",
    "lost-messages == +1",
    ["31:5: error: the bound '+1' is no count; write a whole number, as in '0'"]
  ),
  (
    "a count that is a percentage", "propagation == 100%",
    "lost-messages == 1%",
    ["31:5: error: the bound '1%' is no count; write a whole number, as in '0'"]
  ),
  (
    "an expectation that is a list", "- propagation == 100%",
    "- [propagation]",
    ["31:5: error: 'expect' is a list, but text is needed"]
  ),
  (
    "a tab for a blank", "  connections: 4",
    "\tconnections: 4",
    ["8:1: error: this is no YAML: found character that cannot start any token; indent with spaces, not with tabs"]
  ),
  (
    "a bracket that is not closed", "{ at: /trace_context }",
    "{ at: /trace_context",
    ["6:7: error: this is no YAML: did not find expected ',' or '}'"]
  ),
  (
    "an alias", "parent: client\n        count: 1",
    "parent: &c client\n        count: *c",
    [
      "27:16: error: '*c' repeats the part that '&c' names, which a scenario cannot do; write the part out where it is used"
    ]
  ),
  (
    "an alias of nothing", "count: 1",
    "count: *c",
    ["27:16: error: an alias repeats a part that no anchor names; put text that begins with '*' in quotes"]
  ),
  (
    "two documents", "messages:",
    "---\nmessages:",
    ["12:1: error: another document begins here; write each scenario in its own file"]
  ),
  ("a NUL", "name: whole", "name: wh\u{0}le", ["1:9: error: this is no YAML: control characters are not allowed"]),
  (
    "a terminal escape in a word", "trace: fresh",
    "trace: \"\\e[31mred\"",
    ["16:12: error: unknown trace '\\u{1B}[31mred'; known: fresh, connection, sticky, none"]
  ),
]
