import Observations
import Planning
import Scenarios
import TestInputs
import Testing
import TraceContext

@testable import VirtualUsers

/// A carrier, and what is read in it; `%TP` stands for a traceparent.
struct CarrierExample: CustomTestStringConvertible, Sendable {
  var testDescription: String
  /// Which message type the echo matches.
  var type: String
  /// What stands in the echo for the carrier: members of the message.
  var members: String
  var tracestate: TracestateChange
  var baggage: BaggageChange
  var form: ContextForm

  private init(
    _ label: String, _ members: String, _ tracestate: TracestateChange = .kept,
    _ baggage: BaggageChange = .kept, _ form: ContextForm = [], of type: String = "both"
  ) {
    testDescription = "\(type): \(label)"
    self.type = type
    self.members = members
    self.tracestate = tracestate
    self.baggage = baggage
    self.form = form
  }

  /// A carrier whose traceparent stands between other members.
  private static func carrier(_ before: String, _ after: String = "") -> String {
    #""trace_context":{"# + before + #""traceparent":"%TP""# + after + "}"
  }

  private static func carrier(tracestate: String) -> String {
    carrier(#""tracestate":\#(tracestate),"baggage":"user=alice;p=1,tier=gold","#)
  }

  private static func carrier(baggage: String) -> String {
    carrier(#""baggage":\#(baggage),"#, #","tracestate":"rojo=1,congo=2""#)
  }

  static let all = tracestates + baggages + forms + others

  private static let tracestates = [
    CarrierExample("the same", carrier(tracestate: #""rojo=1,congo=2""#)),
    CarrierExample("the same, escaped", carrier(tracestate: #""r\u006fjo=1,congo=2""#)),
    CarrierExample("with blanks", carrier(tracestate: #"" rojo=1 , congo=2""#)),
    CarrierExample("with the server's own before it", carrier(tracestate: #""srv=9,rojo=1,congo=2""#)),
    CarrierExample("missing", carrier(#""baggage":"user=alice;p=1,tier=gold","#), .lost),
    CarrierExample("empty", carrier(tracestate: #""""#), .lost),
    CarrierExample("one member", carrier(tracestate: #""rojo=1""#), .truncated),
    CarrierExample("turned round", carrier(tracestate: #""congo=2,rojo=1""#), .reordered),
    CarrierExample("another value", carrier(tracestate: #""rojo=2,congo=2""#), .altered),
    CarrierExample("the server's own behind it", carrier(tracestate: #""rojo=1,congo=2,srv=9""#), .misplaced),
    CarrierExample("no grammar", carrier(tracestate: #""rojo=1,congo""#), .malformed),
    CarrierExample("a number", carrier(tracestate: "5"), .malformed),
    CarrierExample("null", carrier(tracestate: "null"), .malformed),
    CarrierExample("an array", carrier(tracestate: #"["rojo=1,congo=2"]"#), .malformed),
    CarrierExample(
      "longer than is looked at",
      carrier(tracestate: "\"rojo=1,congo=2" + String(repeating: " ", count: EchoReader.longestCompanion) + "\""),
      .malformed),
  ]

  private static let baggages = [
    CarrierExample("turned round", carrier(baggage: #""tier=gold,user=alice;p=1""#)),
    CarrierExample("with more", carrier(baggage: #""x=1,user=alice;p=1,tier=gold""#)),
    CarrierExample("the same, escaped", carrier(baggage: #""user=alic\u0065;p=1,tier=gold""#)),
    CarrierExample("missing", carrier(#""tracestate":"rojo=1,congo=2","#), .kept, .lost),
    CarrierExample("empty", carrier(baggage: #""""#), .kept, .lost),
    CarrierExample("one member", carrier(baggage: #""tier=gold""#), .kept, .truncated),
    CarrierExample("without a property", carrier(baggage: #""user=alice,tier=gold""#), .kept, .altered),
    CarrierExample("no grammar", carrier(baggage: #""user""#), .kept, .altered),
    CarrierExample("a number", carrier(baggage: "5"), .kept, .altered),
    CarrierExample("an object", carrier(baggage: #"{"user":"alice"}"#), .kept, .altered),
    CarrierExample(
      "longer than is looked at",
      carrier(
        baggage: "\"user=alice;p=1,tier=gold" + String(repeating: ",", count: EchoReader.longestCompanion) + "\""),
      .kept, .altered),
  ]

  private static let kept = #""tracestate":"rojo=1,congo=2","baggage":"user=alice;p=1,tier=gold""#

  private static let forms = [
    CarrierExample("the tracestate twice", carrier(#""tracestate":"a=1","# + kept + ","), .kept, .kept, .repeated),
    CarrierExample("the last tracestate is none", carrier(kept + #","tracestate":1,"#), .malformed, .kept, .repeated),
    CarrierExample("the baggage twice", carrier(kept + #","baggage":"a=1","#), .kept, .truncated, .repeated),
    CarrierExample("the carrier twice", carrier("") + "," + carrier(kept + ","), .kept, .kept, .repeated),
    CarrierExample("the last carrier lacks both", carrier(kept + ",") + "," + carrier(""), .lost, .lost, .repeated),
    CarrierExample("an escaped key", carrier(kept + #","tr\u0061cestate":"rojo=1,congo=2","#), .kept, .kept, .repeated),
    CarrierExample("another member twice", carrier(kept + #","x":1,"x":2,"#)),
    CarrierExample(
      "a later version", #""trace_context":{"traceparent":"01%TPv",\#(kept)}"#.laterVersion, .kept, .kept, .laterVersion
    ),
    CarrierExample(
      "a later version, escaped", #""trace_context":{\#(kept),"traceparent":"\u0030a%TPv-x"}"#.laterVersion, .kept,
      .kept, .laterVersion),
    CarrierExample(
      "a later version, and one of ours behind it", carrier(kept + #","traceparent":"01%TPv","#).laterVersion, .kept,
      .kept, .repeated),
  ]

  private static let others = [
    CarrierExample("nothing more", carrier(""), of: "plain"),
    CarrierExample("a tracestate of the server's", carrier(#""tracestate":"srv=9","#), of: "plain"),
    CarrierExample("an empty tracestate", carrier(#""tracestate":"","#), of: "plain"),
    CarrierExample("a malformed tracestate", carrier(#""tracestate":"srv","#), .malformed, of: "plain"),
    CarrierExample("a number for a tracestate", carrier(#""tracestate":7,"#), .malformed, of: "plain"),
    CarrierExample("a baggage of the server's", carrier(#""baggage":"a=1","#), of: "plain"),
    CarrierExample("a number for a baggage", carrier(#""baggage":7,"#), .kept, .altered, of: "plain"),
    CarrierExample("nothing more", carrier(""), of: "raw"),
    CarrierExample("another tracestate", carrier(#""tracestate":"srv=9","#), of: "raw"),
    CarrierExample("nothing", #""x":1"#, of: "none"),
    CarrierExample("a tracestate of the server's", carrier(#""tracestate":"srv=9","#), of: "none"),
    CarrierExample("the same, with its escapes", carrier(#""tracestate":"a=\"\\","#), of: "quoted"),
    CarrierExample("the same, with other escapes", carrier(#""tracestate":"a=\u0022\u005c","#), of: "quoted"),
    CarrierExample("a slash less", carrier(#""tracestate":"a=\"","#), .altered, of: "quoted"),
    CarrierExample("no carrier", #""x":1"#, .lost, .lost),
    CarrierExample("a carrier that is none", #""trace_context":[]"#, .lost, .lost),
  ]
}

extension String {
  /// `%TPv` stands for what a traceparent has behind its version.
  fileprivate var laterVersion: String { replacing("%TPv", with: EchoExample.traceparent.dropFirst(2)) }
}

@Suite("What a carrier holds beside the traceparent")
struct EchoCompanionTests {
  private static let types = ["both", "plain", "raw", "none", "quoted"]
  private let plan: Plan
  private let reader: EchoReader
  private let identity = MessageIdentity(shard: 3, sequence: 0xabcdef)

  init() throws {
    let yaml = """
      name: companions
      target: { url: "ws://h/" }
      load: { connections: 1, phases: [{ for: 1s, rate: 1/s }] }
      messages:
        both:
          body: { type: both, id: "{{ message.id }}" }
          trace: { tracestate: "rojo=1,congo=2", baggage: "user=alice;p=1,tier=gold" }
          echo: { match: { type: both, id: "{{ message.id }}" } }
        plain:
          body: { type: plain, id: "{{ message.id }}" }
          echo: { match: { type: plain, id: "{{ message.id }}" } }
        raw:
          body: { type: raw, id: "{{ message.id }}" }
          trace: { raw: x, tracestate: rojo=1, baggage: user=alice }
          echo: { match: { type: raw, id: "{{ message.id }}" } }
        none:
          body: { type: none, id: "{{ message.id }}" }
          trace: none
          echo: { match: { type: none, id: "{{ message.id }}" } }
        quoted:
          body: { type: quoted, id: "{{ message.id }}" }
          trace: { mode: connection, tracestate: 'a="\\' }
          echo: { match: { type: quoted, id: "{{ message.id }}" } }

      """
    plan = try Plan(scenario: Scenario(yaml: yaml, file: "companions.yaml"), seed: 8)
    reader = try #require(EchoReader(plan))
  }

  private func text(_ example: CarrierExample, of identity: MessageIdentity, _ context: Traceparent) -> [UInt8] {
    Array(
      #"{"type":"\#(example.type)","id":"\#(plan.identities.text(of: identity))",\#(example.members)}"#
        .replacing("%TP", with: "\(context)").utf8)
  }

  @Test("is told by what messages of the type carry", arguments: CarrierExample.all)
  func changes(_ example: CarrierExample) throws {
    let context = try Traceparent(EchoExample.traceparent)
    let bytes = text(example, of: identity, context)
    // The second time it may be a text that is remembered.
    for _ in 0..<2 {
      guard case .echo(let echo) = reader.read(bytes.span) else {
        Issue.record("\(reader.read(bytes.span))")
        return
      }
      #expect(Self.types[Int(echo.type)] == example.type)
      #expect(echo.message == identity)
      #expect(echo.tracestate == example.tracestate)
      #expect(echo.baggage == example.baggage)
      #expect(echo.form == example.form)
      if example.members.contains("%TP") { #expect(echo.context == .present(context)) }
    }
  }

  @Test("is read of no truncated text", arguments: CarrierExample.all)
  func truncations(_ example: CarrierExample) throws {
    let bytes = text(example, of: identity, try Traceparent(EchoExample.traceparent))
    for count in 0..<min(bytes.count, 1000) {
      #expect(reader.read(bytes.span.extracting(0..<count)) == .unreadable(.invalidJSON), "\(count) bytes")
    }
  }

  @Test("is read in a text like one that is remembered as if none had ever been read", arguments: 0..<4)
  func shapes(seed: Int) throws {
    var generator = Dice(seed: UInt64(seed))
    let examples = CarrierExample.all.filter { $0.members.utf8.count < 300 }
    var changed = 0
    for _ in 0..<4000 {
      let example = try #require(examples.randomElement(using: &generator))
      let identity = MessageIdentity(shard: 0, sequence: .random(in: 0 ... .max, using: &generator))
      let context = Traceparent(
        traceID: plan.identities.traceID(of: identity), parentID: SpanID(.random(in: 1 ... .max, using: &generator)),
        flags: TraceFlags(rawValue: .random(in: 0...255, using: &generator)))
      var bytes = text(example, of: identity, context)
      if Bool.random(using: &generator) {
        let index = Int.random(in: bytes.indices, using: &generator)
        bytes[index] = Array("\"\\{}[],:=0aAfg-\u{0}".utf8).randomElement(using: &generator) ?? 0
      }
      let reading = reader.read(bytes.span)
      let fresh = try #require(EchoReader(plan))
      #expect(reading == fresh.read(bytes.span), "seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
      if case .echo(let echo) = reading, echo.tracestate != .kept { changed += 1 }
    }
    #expect(changed > 500)
  }

  @Test("is what we sent in our own messages")
  func ownMessages() throws {
    for (type, template) in plan.templates.enumerated() {
      let text = template.text(of: identity, connection: 4, in: plan.identities)
      let carried = template.context.context(of: identity, connection: 4, in: plan.identities)
      let context: EchoedContext =
        switch Self.types[type] {
        case "none": .absent
        case "raw": .malformed(.wrongLength(1))
        default: .present(carried)
        }
      let echo = EchoReader.Echo(type: UInt8(type), message: identity, context)
      for _ in 0..<2 { #expect(reader.read(Array(text.utf8).span) == .echo(echo)) }
    }
  }
}
