import Observations
import Scenarios
import Testing
import TraceContext

@testable import Verification

@Suite("What a rule demands of a span beside its place")
struct SpanDetailTests {
  private static func scenario(_ demand: String) throws -> Scenario {
    try Scenario(
      yaml: """
        name: detail
        upgrade: {}
        target: { url: "ws://127.0.0.1:8000/{{ room }}" }
        groups: { room: 3 }
        load: { connections: 6, phases: [{ for: 1s, rate: 1/s }] }
        messages:
          work:
            body: { type: work }
            trace: fresh
            spans: [{ name: receive, \(demand) }]
        """, file: "detail.yaml")
  }

  /// The kinds that a message of one span shows.
  private static func kinds(
    _ demand: String, connection: UInt32 = 0, _ change: (inout MadeUpSpan, inout Exchange, inout MadeUpRun) -> Void
  ) throws -> [FindingKind: Int] {
    var run = MadeUpRun(try scenario(demand))
    var exchange = run.exchange(0, connection: connection, members: 0, shape: [SpanShape("receive", .server)])
    var span = exchange.spans[0]
    change(&span, &exchange, &run)
    exchange.spans[0] = span
    run.add(exchange)
    return run.verdict().counts
  }

  @Test(
    "is an attribute's value, and its type",
    arguments: [
      ("text", "a: one", "one", true), ("another text", "a: one", "two", false), ("a number", "a: 7", "7", true),
      ("another number", "a: 7", "8", false), ("a number that is a text", "a: \"7\"", "7", false),
      ("truth", "a: true", "true", true), ("a text for truth", "a: \"true\"", "true", false),
      ("any value", "a: { present: true }", "x", true),
      ("none where any is wanted", "a: { present: true }", nil, false),
      ("none where none is wanted", "a: { present: false }", nil, true),
      ("one where none is wanted", "a: { present: false }", "x", false), ("none of a text", "a: one", nil, false),
      ("its group's name", "a: \"{{ room }}\"", "room-1", true),
      ("another group's name", "a: \"{{ room }}\"", "room-0", false),
      ("its connection", "a: \"c-{{ connection.index }}\"", "c-4", true),
      ("another connection", "a: \"c-{{ connection.index }}\"", "c-5", false),
    ] as [(String, String, String?, Bool)])
  func attributes(_ label: String, demand: String, value: String?, isRight: Bool) throws {
    let kinds = try Self.kinds("attributes: { \(demand) }", connection: 4) { span, _, _ in span.attributes["a"] = value
    }
    #expect(kinds == (isRight ? [:] : [.wrongAttribute: 1]))
  }

  @Test("is an attribute of another type than made-up spans have", arguments: [(1.5, true), (1.25, false)])
  func doubles(value: Double, isRight: Bool) throws {
    var run = MadeUpRun(try Self.scenario("attributes: { a: 1.5 }"))
    let exchange = run.exchange(0, members: 0, shape: [SpanShape("receive", .server)])
    run.addSent(exchange)
    run.deliver()
    var detail = SpanDetail()
    detail.attributes[0] = SpanDetail.SeenValue(digest: AttributeDigest.of(.double, "\(value)"))
    var span = run.observation(exchange.spans[0], in: exchange.traceID)
    span.detail = 1
    run.verifier.take(run.announcement)
    run.verifier.take(
      .spans(SpanBatch(spans: [span], details: [detail], newNames: [], newServices: [], receivedAt: run.now)))
    #expect(run.verdict().counts == (isRight ? [:] : [.wrongAttribute: 1]))
  }

  @Test("is one of many links, and nothing is said of those beyond the kept", arguments: 0...5)
  func links(others: Int) throws {
    for hasOwn in [false, true] {
      let kinds = try Self.kinds("links: [client]") { span, exchange, _ in
        span.links = (0..<others).map { TraceID(high: 1, low: UInt64($0) + 1) } + (hasOwn ? [exchange.traceID] : [])
      }
      let isRight = hasOwn || others > SpanDetail.linkLimit
      #expect(kinds == (isRight ? [:] : [.missingLink: 1]), "\(others) others, \(hasOwn)")
    }
  }

  @Test(
    "is a link to where the scenario says",
    arguments: [
      ("client", "client", true), ("client", "connection", false), ("client", "another span of the trace", false),
      ("connection", "connection", true), ("connection", "client", false), ("any", "client", true),
      ("any", "none", false),
    ])
  func targets(rule: String, target: String, isRight: Bool) throws {
    let kinds = try Self.kinds("links: [\(rule)]") { span, exchange, run in
      switch target {
      case "client": span.links = [exchange.traceID]
      case "connection": span.links = [run.identities.traceID(ofConnection: 0)]
      case "another span of the trace":
        span.furtherLinks = [SpanDetail.SpanLink(traceID: exchange.traceID, spanID: SpanID(5))]
      default: break
      }
    }
    #expect(kinds == (isRight ? [:] : [.missingLink: 1]))
  }

  @Test("is one of many events, and nothing is said of those beyond the kept", arguments: 0...6)
  func events(others: Int) throws {
    for hasOwn in [false, true] {
      let kinds = try Self.kinds("events: [\"wanted.*\"]") { span, _, _ in
        span.events = (0..<others).map { "other-\($0)" } + (hasOwn ? ["wanted.one"] : [])
      }
      let isRight = hasOwn || others > SpanDetail.eventLimit
      #expect(kinds == (isRight ? [:] : [.missingEvent: 1]), "\(others) others, \(hasOwn)")
    }
  }

  @Test("is not held against a span whose words found no room", arguments: ["scope", "events"])
  func overflowedWords(_ what: String) throws {
    var run = MadeUpRun(try Self.scenario("scope: mine, events: [wanted]"))
    let exchange = run.exchange(0, members: 0, shape: [SpanShape("receive", .server)])
    for (word, isRight) in [(WordIndex.overflow, true), (WordIndex(9000), true), (.none, false)] {
      var run = MadeUpRun(try Self.scenario("scope: mine, events: [wanted]"))
      var known = exchange.spans[0]
      (known.scope, known.events) = ("mine", ["wanted"])
      var span = run.observation(known, in: exchange.traceID)
      run.addSent(exchange)
      run.deliver()
      var detail = SpanDetail()
      // The words in the order in which they were met.
      (detail.scope, detail.events[0], detail.eventCount) = (WordIndex(0), WordIndex(1), 1)
      if what == "scope" { detail.scope = word } else { detail.events[0] = word }
      span.detail = 1
      run.verifier.take(
        .spans(SpanBatch(spans: [span], details: [detail], newNames: [], newServices: [], receivedAt: run.now)))
      let kind: FindingKind = what == "scope" ? .wrongScope : .missingEvent
      #expect(run.verdict().counts == (isRight ? [:] : [kind: 1]))
    }
    run.deliver()
  }

  @Test("is no place beyond what a batch holds: such a span has no detail")
  func detailBeyondTheBatch() throws {
    var run = MadeUpRun(try Self.scenario("attributes: { a: { present: true } }"))
    let exchange = run.exchange(0, members: 0, shape: [SpanShape("receive", .server)])
    run.addSent(exchange)
    var span = run.observation(exchange.spans[0], in: exchange.traceID)
    span.detail = .max
    run.addSpan(span)
    #expect(run.verdict().counts == [.wrongAttribute: 1])
  }

  @Test(
    "is whether its parent is remote, if the span says so",
    arguments: [(0x300, true), (0x100, false), (0, true), (0x200, true)] as [(UInt32, Bool)])
  func remote(flags: UInt32, isRight: Bool) throws {
    var run = MadeUpRun(try Self.scenario("remote: true"))
    let exchange = run.exchange(0, members: 0, shape: [SpanShape("receive", .server)])
    run.addSent(exchange)
    var span = run.observation(exchange.spans[0], in: exchange.traceID)
    span.flags = flags
    run.addSpan(span)
    #expect(run.verdict().counts == (isRight ? [:] : [.wrongRemoteFlag: 1]))
  }
}

@Suite("Spans with one ID")
struct DuplicateSpanTests {
  @Test("come to the same verdict in every order")
  func orders() throws {
    var seen: Set<[FindingKind: Int]> = []
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
      var run = try MadeUpRun()
      var exchange = run.exchange()
      let span = try #require(exchange.first("websocket.send"))
      var copies = [span, span, span]
      copies[1].kind = .server
      copies[2].end = copies[2].start
      exchange.spans.removeAll { $0.id == span.id }
      exchange.spans += order.map { copies[$0] }
      run.add(exchange)
      seen.insert(run.verdict().counts)
    }
    #expect(seen.count == 1, "\(seen)")
  }

  @Test("are no reason to miss one of them, though nothing but their names tells them apart", arguments: [false, true])
  func names(isReversed: Bool) throws {
    for name in ["a", "chat.audit", "zzz"] {
      var run = try MadeUpRun()
      var exchange = run.exchange()
      var other = try #require(exchange.first("chat.save_message"))
      other.name = name
      exchange.spans.insert(other, at: isReversed ? 0 : exchange.spans.count)
      run.add(exchange)
      #expect(run.verdict(collector: .lossless).counts == [.duplicateSpanID: 1])
    }
  }

  @Test("are told wherever one of them stands", arguments: [false, true])
  func entries(isReversed: Bool) throws {
    var run = try MadeUpRun()
    var exchange = run.exchange()
    var other = exchange.spans[0]
    (other.name, other.start) = ("chat.audit", other.start + 7)
    exchange.spans.insert(other, at: isReversed ? 0 : exchange.spans.count)
    run.add(exchange)
    #expect(run.verdict().counts == [.duplicateSpanID: 1])
  }
}

@Suite("Evidence")
struct EvidenceTests {
  @Test("is that of the first three messages, in whatever order they settle", arguments: [false, true])
  func firstThree(isReversed: Bool) throws {
    var run = try MadeUpRun()
    var exchanges: [Exchange] = []
    for _ in 0..<6 {
      var exchange = run.exchange()
      exchange.change("websocket.send") { $0.kind = .server }
      run.addSent(exchange)
      run.addEchoes(exchange)
      exchanges.append(exchange)
    }
    run.deliver()
    for exchange in isReversed ? exchanges.reversed() : exchanges {
      run.addSpans(exchange)
      run.deliver()
      run.pass(seconds: 1)
    }
    let finding = try #require(run.verdict().findings.first)
    #expect(finding.count == 6)
    #expect(finding.evidence.map(\.message) == exchanges.prefix(3).map { run.identities.text(of: $0.identity) })
    for evidence in finding.evidence {
      #expect(evidence.expected == "'websocket.send' of kind client")
      #expect(evidence.actual == "'websocket.send' of kind server")
      #expect(evidence.echoes.count == 3)
      #expect(evidence.expectedTree.first == "the span ID that we sent")
      #expect(evidence.expectedTree.contains { $0.contains("chat.send_broadcast [consumer] × 3") })
    }
  }
}
