import Scenarios

/// The chat and typing messages of the reference system, and two without spans or echo.
enum MadeUpScenario {
  static func make(expect: [String] = []) throws -> Scenario {
    let expectations = expect.map { "  - \($0)\n" }.joined()
    return try Scenario(yaml: yaml + (expect.isEmpty ? "" : "expect:\n" + expectations), file: "made-up.yaml")
  }

  /// One type without echo whose names stand at several places: `work` below each step, an optional one among them.
  static func withRepeatedNames() throws -> Scenario {
    try Scenario(
      yaml: """
        name: repeated-names
        target: { url: "ws://127.0.0.1:8000/" }
        load:
          connections: 1
          connect-rate: 1/s
          phases: [{ name: steady, for: 1s, rate: 1/s }]
        messages:
          steps:
            body: { type: steps }
            trace: fresh
            spans:
              - name: entry
                children:
                  - { name: first, children: [{ name: work, children: [read] }] }
                  - { name: second, children: [{ name: work, children: [write] }] }
                  - { name: third, optional: true, children: [{ name: work, children: [write] }] }
        """, file: "repeated-names.yaml")
  }

  /// The indices of the phases.
  static let steady: UInt8 = 0
  static let warmUp: UInt8 = 1

  /// The indices of the message types.
  static let chat: UInt8 = 0
  static let typing: UInt8 = 1
  static let untraced: UInt8 = 2
  static let silent: UInt8 = 3
  /// With everything that can be demanded of an echo and of a span.
  static let strict: UInt8 = 4
  /// Without a context.
  static let bare: UInt8 = 5
  /// Not sampled.
  static let faint: UInt8 = 6

  private static let yaml = """
    name: made-up
    target:
      url: ws://127.0.0.1:8000/ws/chat/{{ room }}/
    carrier: { at: /trace_context }
    groups: { room: 3 }
    load:
      connections: 6
      connect-rate: 1000/s
      phases:
        - { name: steady, for: 1s, rate: 100/s }
        - { name: warm-up, for: 1s, rate: 100/s, warm-up: true }
    messages:
      chat:
        body: { type: chat_message, message: "m-{{ message.id }}" }
        trace: fresh
        echo:
          match: { type: chat_message, message: "m-{{ message.id }}" }
          copies: "{{ room.size }}"
          within: 2s
          trace-context: continued
          parent: websocket.send
        spans:
          - name: websocket.receive
            kind: server
            parent: client
            children:
              - name: chat.process_message
                children:
                  - chat.save_message
                  - name: chat.broadcast_message
                    children:
                      - name: chat.send_broadcast
                        kind: consumer
                        count: "{{ room.size }}"
                        children:
                          - name: websocket.send
                            kind: client
                            children: ["* websocket send"]
                  - name: chat.queue_background_task
                    optional: true
                    children:
                      - name: chat.process_message_background
                        children: [chat.analyze_sentiment]
      typing:
        body: { type: typing, is_typing: true }
        trace: fresh
        echo:
          match: { type: typing }
          copies: "{{ room.size }}"
          within: 2s
          trace-context: continued
          parent: websocket.send
        spans:
          - name: websocket.receive
            kind: server
            parent: client
            children:
              - name: chat.typing_indicator
                children:
                  - name: websocket.send
                    kind: client
                    count: "{{ room.size }}"
                    children: ["* websocket send"]
      untraced:
        body: { type: untraced, message: "u-{{ message.id }}" }
        trace: fresh
        echo:
          match: { type: untraced, message: "u-{{ message.id }}" }
          within: 2s
          trace-context: continued
      silent:
        body: { type: silent }
        trace: fresh
        spans: [silent.receive]
      strict:
        body: { type: strict, message: "s-{{ message.id }}" }
        trace: { tracestate: "rojo=1,congo=2", baggage: "user=alice,team=red" }
        echo:
          match: { type: strict, message: "s-{{ message.id }}" }
          copies: "{{ room.size }}"
          within: 2s
        spans:
          - name: strict.receive
            kind: server
            scope: strict.*
            status: ok
            attributes: { room: "{{ room }}", count: 7, is-strict: true, secret: { present: false } }
            links: [client]
            events: [received]
            remote: true
            children: [{ name: strict.save, count: "{{ room.size }}" }]
      bare:
        body: { type: bare, message: "b-{{ message.id }}" }
        trace: none
        echo:
          match: { type: bare, message: "b-{{ message.id }}" }
          within: 2s
          trace-context: new
        spans: [{ name: bare.receive, children: [bare.work] }]
      faint:
        body: { type: faint, message: "f-{{ message.id }}" }
        trace: { sampled: 0% }
        echo:
          match: { type: faint, message: "f-{{ message.id }}" }
          within: 2s
        spans: [faint.receive]
    collector: { settle: 8s }

    """
}
