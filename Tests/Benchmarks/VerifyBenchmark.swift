import ArgumentParser
import Observations
import Scenarios
import Timing
import TraceContext
import Verification

/// The verifier alone: what a message's facts and spans cost it.
struct VerifyBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Hands made-up facts and spans to the verifier; prints ns per message and per span.",
    discussion: "Each message has one echo and a trace of so many spans, which arrive in batches of 512.")

  @Option(help: "Messages.") var messages = 1_000_000
  @Option(help: "Spans of each message's trace, from 4: more of them are sent to more members.") var spans = 4
  @Option(help: "Messages a second of the made-up clock.") var rate = 100_000

  func validate() throws {
    guard messages > 0, spans >= 4, rate > 0 else { throw ValidationError("numbers are above 0, --spans from 4") }
  }

  func run() throws {
    let load = MadeUpLoad(members: spans - 3, seed: 1)
    var verifier = Verifier(try load.scenario(), identities: load.identities)
    verifier.take(load.names)
    var facts = Cost()
    var spanCost = Cost()
    var sweeps = Cost()
    var highest = 0
    var clock = Instant(nanoseconds: 1_000_000_000)
    var nextSweep = clock
    let perBatch = max(512 / spans, 1)
    var first = 0
    while first < messages {
      let range = first..<min(first + perBatch, messages)
      first = range.upperBound
      clock = clock.advanced(byNanoseconds: Int64(range.count) * 1_000_000_000 / Int64(rate))
      let factBatch = Delivery.facts(ObservationBatch(observations: load.facts(of: range, at: clock)))
      let spanBatch = Delivery.spans(load.spans(of: range, at: clock))
      facts.measure { verifier.take(factBatch) }
      spanCost.measure { verifier.take(spanBatch) }
      if clock >= nextSweep {
        nextSweep = clock.advanced(byNanoseconds: 100_000_000)
        sweeps.measure { verifier.advance(to: clock) }
      }
      highest = max(highest, verifier.pending)
    }
    var verdict: Verdict?
    sweeps.measure {
      verifier.advance(to: clock.advanced(byNanoseconds: 60_000_000_000))
      verdict = verifier.finish(droppedDeliveries: 0, collector: CollectorBooks())
    }
    let complete = verdict?.tallies.tracesComplete ?? 0
    print("\(messages) messages of \(spans) spans; \(complete) traces complete; at most \(highest) in flight")
    print("facts   \(column(facts.nanoseconds(per: messages), 1)) ns a message (sent and \(spans - 3) echoes)")
    print("spans   \(column(spanCost.nanoseconds(per: messages * spans), 1)) ns a span, kept")
    print("judging \(column(sweeps.nanoseconds(per: messages * spans), 1)) ns a span")
    let all = facts.nanoseconds(per: messages) + spanCost.nanoseconds(per: messages) + sweeps.nanoseconds(per: messages)
    print(
      "all     \(column(all, 1)) ns a message: \(column(all * Double(rate) / 1e7, 1)) % of one core at \(rate) messages/s"
    )
  }
}

/// Time that adds up.
private struct Cost {
  private var total: Int64 = 0

  mutating func measure(_ work: () -> Void) {
    let start = Instant.now
    work()
    total += Instant.now - start
  }

  func nanoseconds(per count: Int) -> Double { Double(total) / Double(count) }
}

/// Messages that a reference system answers rightly.
struct MadeUpLoad {
  let members: Int
  let hasEcho: Bool
  let identities: IdentityPermutation

  init(members: Int, seed: UInt64, hasEcho: Bool = true) {
    self.members = members
    self.hasEcho = hasEcho
    identities = IdentityPermutation(seed: seed)
  }

  private static let spanNames = ["websocket.receive", "chat.process", "chat.save", "websocket.send"]

  func scenario() throws -> Scenario {
    try Scenario(
      yaml: """
        name: made-up
        target: { url: "ws://127.0.0.1:8000/{{ room }}" }
        groups: { room: \(members) }
        load:
          connections: \(members)
          connect-rate: 1000/s
          phases: [{ name: steady, for: 1s, rate: 100/s }]
        messages:
          chat:
            body: { type: chat, message: "m-{{ message.id }}" }
            trace: fresh
            \(hasEcho ? echo : "# no echo")
            spans:
              - name: websocket.receive
                kind: server
                parent: client
                children:
                  - name: chat.process
                    children: [chat.save, { name: websocket.send, kind: client, count: "{{ room.size }}" }]
        """, file: "made-up.yaml")
  }

  private let echo = """
    echo: { match: { type: chat, message: "m-{{ message.id }}" }, copies: "{{ room.size }}", within: 2s, \
    trace-context: continued, parent: websocket.send }
    """

  /// The announcement of the spans' names.
  var names: Delivery {
    .spans(
      SpanBatch(
        spans: [], newNames: Self.spanNames.enumerated().map { (NameIndex(UInt32($0.offset)), $0.element) },
        newServices: [(0, "made-up")], receivedAt: Instant(nanoseconds: 0)))
  }

  func facts(of range: Range<Int>, at now: Instant) -> [Observation] {
    var facts: [Observation] = []
    facts.reserveCapacity(range.count * (members + 1))
    for number in range {
      facts.append(
        .sent(
          Observation.Sent(
            message: identity(number), connection: 0, type: 0, phase: 0, members: UInt32(members),
            due: now.advanced(byNanoseconds: -100), at: now)))
    }
    for number in range where hasEcho {
      let traceID = identities.traceID(of: identity(number))
      for member in 0..<members {
        facts.append(
          .echoed(
            Observation.Echoed(
              connection: UInt32(member), type: 0, message: identity(number),
              context: .present(
                Traceparent(traceID: traceID, parentID: spanID(number, 3 + member), flags: .sampled)),
              at: now.advanced(byNanoseconds: 100_000))))
      }
    }
    return facts
  }

  /// The spans in the order in which they end, as exporters send them.
  func spans(of range: Range<Int>, at now: Instant) -> SpanBatch {
    var spans: [SpanObservation] = []
    spans.reserveCapacity(range.count * (members + 3))
    for number in range {
      let traceID = identities.traceID(of: identity(number))
      func add(_ place: Int, _ name: Int, _ kind: SpanKind, parent: SpanID, start: UInt64, end: UInt64) {
        let wall = 1_800_000_000_000_000_000 + UInt64(number) * 1000
        spans.append(
          SpanObservation(
            traceID: traceID, spanID: spanID(number, place), parentID: parent, start: wall + start, end: wall + end,
            name: NameIndex(UInt32(name)), service: 0, kind: kind, status: .unset, flags: 0x300))
      }
      add(2, 2, .internal, parent: spanID(number, 1), start: 20, end: 30)
      for member in 0..<members {
        add(3 + member, 3, .client, parent: spanID(number, 1), start: 40, end: 50)
      }
      add(1, 1, .internal, parent: spanID(number, 0), start: 10, end: 60)
      add(0, 0, .server, parent: identities.spanID(in: traceID), start: 0, end: 70)
    }
    return SpanBatch(spans: spans, newNames: [], newServices: [], receivedAt: now)
  }

  private func identity(_ number: Int) -> MessageIdentity { MessageIdentity(shard: 0, sequence: UInt32(number)) }

  /// Some other number for each span of each message.
  private func spanID(_ number: Int, _ place: Int) -> SpanID {
    SpanID((UInt64(number) << 16 | UInt64(place) + 1) &* 0x9e37_79b9_7f4a_7c15)
  }
}
