import Planning
import Scenarios
import TraceContext

/// A plan of several message types over one carrier.
enum MadeUpPlan {
  static func make(seed: UInt64 = 11, carrier: String = "/trace_context") throws -> Plan {
    try Plan(scenario: Scenario(yaml: yaml(carrier), file: "made-up.yaml"), seed: seed)
  }

  private static func yaml(_ carrier: String) -> String {
    """
    name: made-up
    target:
      url: ws://127.0.0.1:8000/ws/chat/{{ room }}/
    carrier: { at: \(carrier) }
    groups: { room: 2 }
    load:
      connections: 4
      connect-rate: 1000/s
      phases:
        - { name: steady, for: 1s, rate: 100/s }
    messages:
      chat:
        body: { type: chat_message, message: "m-{{ message.id }}-é" }
        trace: fresh
        echo:
          match: { type: chat_message, message: "m-{{ message.id }}-é" }
          within: 2s
          trace-context: continued
      typing:
        body: { type: typing, is_typing: true, count: 5, nothing: null, words: [a, "b\\"c"] }
        trace: fresh
        echo:
          match: { type: typing, is_typing: true, count: 5, nothing: null }
          within: 2s
          trace-context: continued
      twice:
        body: { type: twice, first: "{{ message.id }}", second: "{{ message.id }}" }
        trace: fresh
        echo:
          match: { type: twice }
          within: 2s
          trace-context: continued
      silent:
        body: { type: silent }
        trace: fresh
    """
  }
}
