import Scenarios

/// A scenario that uses every key once; the tables change one place of it.
let wholeScenario = """
  name: whole
  target:
    url: ws://host:8000/{{ room }}/
    headers: { X-Id: "{{ connection.index }}" }
  carrier: { at: /trace_context }
  groups: { room: 2 }
  load:
    connections: 4
    connect-rate: 100/s
    phases:
      - { name: steady, for: 1s, rate: 10/s, arrivals: poisson, warm-up: false }
  messages:
    chat:
      weight: 1
      body: { type: chat, id: "{{ message.id }}" }
      trace: fresh
      echo:
        match: { id: "{{ message.id }}" }
        copies: "{{ room.size }}"
        within: 2s
        trace-context: continued
        parent: reply
      spans:
        - name: receive
          kind: server
          parent: client
          count: 1
          optional: false
          children: [reply]
  expect:
    - propagation == 100%
  collector: { http: 0, settle: 1s, answer-delay: 0s, memory: 64MiB, grpc: 4317, services: [chat, worker] }

  """

/// The same with all that `trace` and `upgrade` may say.
let tracedScenario = wholeScenario.replacing(
  "groups:",
  with:
    "upgrade: { sampled: 9%, random: true, tracestate: \"a=1,b=2\", baggage: \"c=3;p\", spans: [connect] }\ngroups:"
)
.replacing(
  "trace: fresh", with: "trace: { mode: sticky, sampled: 50%, random: false, tracestate: \"a=1\", baggage: \"c=3\" }"
)
.replacing(
  "expect:",
  with: "  raw: { body: {}, trace: { raw: \"00-{{ trace.id }}-{{ span.id }}-01-x\", tracestate: a=1 } }\nexpect:")

/// What the reader says to a text: a line for each mistake, in its order.
func diagnostics(_ yaml: String) -> [String] {
  do throws(Diagnostics) {
    _ = try Scenario(yaml: yaml, file: "s.yaml")
    return []
  } catch {
    return error.all.map(\.description)
  }
}
