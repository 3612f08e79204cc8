import Scenarios

/// A scenario of one message type, with some of its lines given by the test.
func scenario(
  url: String = "ws://host:8000/{{ room }}/{{ connection.index }}", at pointer: String = "/trace_context",
  phases: String = "[{ for: 10s, rate: 100/s }]", messages: String = "m: { body: { type: chat } }"
) throws -> Scenario {
  try Scenario(
    yaml: """
      name: plan
      target: { url: "\(url)", headers: { X-Id: "{{ connection.index }}-{{ room }}" } }
      carrier: { at: \(pointer) }
      groups: { room: 5 }
      load: { connections: 10, connect-rate: 4/s, phases: \(phases) }
      messages: { \(messages) }
      """, file: "plan.yaml")
}
