import Observations
import Scenarios
import Timing
import TraceContext

@testable import Verification

/// One message with its echoes and spans, right until it is changed.
struct Exchange {
  struct Echo {
    var connection: UInt32
    var namesMessage: Bool
    var context: EchoedContext
    /// After the send.
    var afterNanoseconds: Int64 = 10_000_000
  }

  let identity: MessageIdentity
  var traceID: TraceID
  var clientSpan: SpanID
  let type: UInt8
  let connection: UInt32
  let members: Int
  var spans: [MadeUpSpan] = []
  var echoes: [Echo] = []
  var isWarmUp = false
  var lagNanoseconds: Int64 = 1000
  var flags = TraceFlags.sampled
  var tracestate = TracestateChange.kept
  var baggage = BaggageChange.kept
  var form: ContextForm = []
  /// The trace of its spans, where that is another than the message's.
  var spanTrace: TraceID?
  /// Whether its spans are timed from its own send although its trace holds those of others before it.
  var isInSharedTrace = false

  func indices(named name: String) -> [Int] { spans.indices.filter { spans[$0].name == name } }
  func first(_ name: String) -> MadeUpSpan? { spans.first { $0.name == name } }

  mutating func change(_ name: String, _ change: (inout MadeUpSpan) -> Void) {
    for index in indices(named: name) { change(&spans[index]) }
  }

  mutating func drop(_ name: String) { spans.removeAll { $0.name == name } }

  mutating func changeEchoes(_ change: (inout EchoedContext, inout Traceparent) -> Void) {
    for index in echoes.indices {
      guard case .present(var traceparent) = echoes[index].context else { continue }
      var context = echoes[index].context
      change(&context, &traceparent)
      if case .present = context { context = .present(traceparent) }
      echoes[index].context = context
    }
  }
}

/// A run that never was: facts and spans, and the verifier that judges them.
struct MadeUpRun: ~Copyable {
  let identities: IdentityPermutation
  var verifier: Verifier
  private(set) var facts: [Observation] = []
  private(set) var spans: [SpanObservation] = []
  private var details: [SpanDetail] = []
  /// By trace: how much later than they were made up its spans are.
  private var shifts: [TraceID: UInt64] = [:]
  private var names: [String: NameIndex] = [:]
  private var words: [String: WordIndex] = [:]
  private var nextSpan: UInt64 = 1
  private var nextSequence: UInt32 = 0
  private(set) var now = Instant(nanoseconds: 1_000_000_000_000)

  static let second: Int64 = 1_000_000_000
  /// The target's clock at the begin of the run.
  static let wall: UInt64 = 1_800_000_000_000_000_000

  init(seed: UInt64 = 42, expect: [String] = []) throws {
    self.init(try MadeUpScenario.make(expect: expect), seed: seed)
  }

  init(_ scenario: Scenario, seed: UInt64 = 42) {
    identities = IdentityPermutation(seed: seed)
    verifier = Verifier(scenario, identities: identities)
  }

  /// A message that the reference system would answer rightly; nothing is added yet.
  mutating func exchange(
    _ type: UInt8 = MadeUpScenario.chat, connection: UInt32 = 0, members: Int = 3, shape: [SpanShape]? = nil,
    echoNames: String = "websocket.send"
  ) -> Exchange {
    let identity = MessageIdentity(shard: 0, sequence: nextSequence)
    nextSequence += 1
    let traceID = identities.traceID(of: identity)
    var exchange = Exchange(
      identity: identity, traceID: traceID, clientSpan: identities.spanID(in: traceID), type: type,
      connection: connection, members: members)
    var clock = Self.wall
    for tree in shape ?? Self.standardShape(type, members: members) {
      exchange.spans += make(tree, under: exchange.clientSpan.rawValue, &clock)
    }
    let sender =
      switch type {
      case MadeUpScenario.strict: "strict.save"
      case MadeUpScenario.bare: "bare.work"
      default: echoNames
      }
    let senders = exchange.spans.filter { $0.name == sender }
    let copies =
      switch type {
      case MadeUpScenario.silent: 0
      case MadeUpScenario.untraced, MadeUpScenario.bare, MadeUpScenario.faint: 1
      default: members
      }
    complete(&exchange)
    for copy in 0..<copies {
      let parent = senders.isEmpty ? UInt64(copy) + 0xabc0 : senders[copy % senders.count].id
      exchange.echoes.append(
        Exchange.Echo(
          connection: connection / 3 * 3 + (connection + UInt32(copy)) % 3, namesMessage: type != MadeUpScenario.typing,
          context: .present(
            Traceparent(
              traceID: exchange.spanTrace ?? traceID, parentID: SpanID(parent),
              flags: type == MadeUpScenario.faint ? [] : .sampled))))
    }
    return exchange
  }

  /// What right messages of the stricter types have beside their trees.
  private mutating func complete(_ exchange: inout Exchange) {
    switch exchange.type {
    case MadeUpScenario.strict:
      let (trace, room) = (exchange.traceID, exchange.connection / 3)
      exchange.change("strict.receive") {
        $0.scope = "strict.server"
        $0.status = .ok
        $0.attributes = ["room": "room-\(room)", "count": "7", "is-strict": "true"]
        $0.links = [trace]
        $0.events = ["received"]
        $0.isRemote = true
      }
    case MadeUpScenario.bare:
      exchange.flags = []
      exchange.spanTrace = TraceID(high: 1 << 40, low: UInt64(exchange.identity.sequence) + 1)
      exchange.change("bare.receive") { $0.parent = 0 }
    case MadeUpScenario.faint: exchange.flags = []
    default: break
    }
  }

  static func spanCountOfAChat() throws -> Int {
    var run = try MadeUpRun()
    return run.exchange().spans.count
  }

  private static func standardShape(_ type: UInt8, members: Int) -> [SpanShape] {
    switch type {
    case MadeUpScenario.chat: SpanShape.chat(members: members)
    case MadeUpScenario.typing: SpanShape.typing(members: members)
    case MadeUpScenario.silent: [SpanShape("silent.receive")]
    case MadeUpScenario.strict:
      [SpanShape("strict.receive", .server, Array(repeating: SpanShape("strict.save"), count: members))]
    case MadeUpScenario.bare: [SpanShape("bare.receive", .internal, [SpanShape("bare.work")])]
    default: []
    }
  }

  mutating func freshSpanID() -> UInt64 {
    nextSpan += 1
    return nextSpan
  }

  mutating func make(_ shape: SpanShape, under parent: UInt64, _ clock: inout UInt64) -> [MadeUpSpan] {
    let id = freshSpanID()
    let start = clock
    clock += 1000
    var below: [MadeUpSpan] = []
    for child in shape.children { below += make(child, under: id, &clock) }
    clock += 1000
    return [MadeUpSpan(id: id, parent: parent, name: shape.name, kind: shape.kind, start: start, end: clock)] + below
  }

  /// Adds the message's facts and spans to what happened, a second after what was added before.
  mutating func add(_ exchange: Exchange) {
    now = now.advanced(byNanoseconds: Self.second)
    addSent(exchange)
    addEchoes(exchange)
    addSpans(exchange)
  }

  mutating func addSent(_ exchange: Exchange) {
    facts.append(
      .sent(
        Observation.Sent(
          message: exchange.identity, connection: exchange.connection, type: exchange.type,
          phase: exchange.isWarmUp ? MadeUpScenario.warmUp : MadeUpScenario.steady, flags: exchange.flags,
          members: UInt32(exchange.members),
          due: now.advanced(byNanoseconds: -exchange.lagNanoseconds), at: now)))
  }

  mutating func addEchoes(_ exchange: Exchange) {
    for echo in exchange.echoes {
      facts.append(
        .echoed(
          Observation.Echoed(
            connection: echo.connection, type: exchange.type, tracestate: exchange.tracestate,
            baggage: exchange.baggage, form: exchange.form, message: echo.namesMessage ? exchange.identity : nil,
            context: echo.context, at: now.advanced(byNanoseconds: echo.afterNanoseconds))))
    }
  }

  /// Adds the message's spans, which begin a millisecond after now on the target's clock.
  mutating func addSpans(_ exchange: Exchange) {
    let traceID = exchange.spanTrace ?? exchange.traceID
    if shifts[traceID] == nil || exchange.isInSharedTrace { shifts[traceID] = UInt64(now.nanoseconds) &+ 1_000_000 }
    for span in exchange.spans { spans.append(observation(span, in: traceID)) }
  }

  mutating func addFact(_ fact: Observation) { facts.append(fact) }
  mutating func addSpan(_ span: SpanObservation) { spans.append(span) }

  mutating func observation(_ span: MadeUpSpan, in traceID: TraceID) -> SpanObservation {
    let index = names[span.name] ?? NameIndex(UInt32(names.count))
    names[span.name] = index
    details.append(detail(of: span))
    let shift = shifts[traceID, default: 0]
    return SpanObservation(
      traceID: traceID, spanID: SpanID(span.id), parentID: SpanID(span.parent), start: span.start &+ shift,
      end: span.end &+ shift,
      name: index, service: 0, kind: span.kind, status: span.status, flags: span.isRemote ? 0x300 : 0x100,
      detail: UInt32(details.count))
  }

  private mutating func detail(of span: MadeUpSpan) -> SpanDetail {
    var detail = SpanDetail()
    detail.scope = word(span.scope)
    for (place, key) in verifier.watch.attributes.enumerated() {
      guard let value = span.attributes[key] else { continue }
      let type: AttributeDigest.ValueType = value == "true" ? .bool : Int(value) == nil ? .string : .int
      detail.attributes[place] = SpanDetail.SeenValue(digest: AttributeDigest.of(type, value), text: word(value))
    }
    for (place, traceID) in span.links.prefix(SpanDetail.linkLimit).enumerated() {
      detail.links[place] = SpanDetail.SpanLink(traceID: traceID, spanID: identities.spanID(in: traceID))
    }
    let first = min(span.links.count, SpanDetail.linkLimit)
    for (place, link) in zip(first..<SpanDetail.linkLimit, span.furtherLinks) { detail.links[place] = link }
    detail.linkCount = UInt16(span.links.count + span.furtherLinks.count)
    for (place, event) in span.events.prefix(SpanDetail.eventLimit).enumerated() { detail.events[place] = word(event) }
    detail.eventCount = UInt16(span.events.count)
    return detail
  }

  private mutating func word(_ text: String) -> WordIndex {
    let index = words[text] ?? WordIndex(UInt32(words.count))
    words[text] = index
    return index
  }

  /// The announcement of every name so far.
  var announcement: Delivery {
    .spans(
      SpanBatch(
        spans: [],
        newNames: names.map { (index: $0.value, text: $0.key) }.sorted { $0.index.rawValue < $1.index.rawValue },
        newServices: [], newWords: words.map { (index: $0.value, text: $0.key) }, receivedAt: now))
  }

  func delivery(of spans: [SpanObservation], at instant: Instant? = nil) -> Delivery {
    .spans(SpanBatch(spans: spans, details: details, newNames: [], newServices: [], receivedAt: instant ?? now))
  }

  /// Hands over what happened since the last call: facts first, then spans.
  mutating func deliver() {
    verifier.take(announcement)
    verifier.take(.facts(ObservationBatch(observations: facts)))
    verifier.take(delivery(of: spans))
    facts = []
    spans = []
  }

  /// Lets time pass.
  mutating func pass(seconds: Int64) {
    now = now.advanced(byNanoseconds: seconds * Self.second)
    verifier.advance(to: now)
  }

  /// What it all means, once everything has been handed over and settled.
  mutating func verdict(droppedDeliveries: UInt64 = 0, collector: CollectorBooks = CollectorBooks()) -> Verdict {
    deliver()
    pass(seconds: 60)
    return verifier.finish(droppedDeliveries: droppedDeliveries, collector: collector)
  }
}

extension CollectorBooks {
  /// Of an exporter that says itself that it started just what arrived.
  static let lossless: CollectorBooks = {
    var exporter = ExporterBooks(service: "chat", instance: "1")
    exporter.spans = 9100
    let started = MetricSeries(
      exporter: 0, scope: "sdk", name: "otel.sdk.span.started", unit: "{span}", attributes: [:], start: 2, time: 3,
      reading: .sum(.int(9100), isMonotonic: true))
    return CollectorBooks(exporters: [exporter], series: [started], listeningSince: 1)
  }()
}

extension Verdict {
  /// How many of each kind were found.
  var counts: [FindingKind: Int] { Dictionary(uniqueKeysWithValues: findings.map { ($0.kind, $0.count) }) }
}
