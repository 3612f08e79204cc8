import Observations
import Planning
import Scenarios
import TestInputs
import Testing
import TraceContext

@testable import VirtualUsers

/// A message and what is read in it; `%ID` stands for a message's text id and `%TP` for a traceparent.
struct EchoExample: CustomTestStringConvertible, Sendable {
  enum Expected: Sendable {
    case chat(EchoedContext, ContextForm = [])
    case typing(EchoedContext)
    case foreign
    case unreadable(UnreadableReason)
    /// A chat message with the traceparent.
    case present(ContextForm = [])
  }

  var testDescription: String
  var text: String
  var expected: Expected

  init(_ label: String, _ text: String, _ expected: Expected) {
    testDescription = label
    self.text = text
    self.expected = expected
  }

  static let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

  private static func chat(_ context: String) -> String {
    "{\"type\":\"chat_message\",\"message\":\"m-%ID-é\",\"trace_context\":\(context)}"
  }

  private static func chat(traceparent: String) -> String { chat("{\"traceparent\":\(traceparent)}") }

  static let all = matching + contexts + malformed + unreadable

  private static let matching = [
    EchoExample("a matching message", chat("{\"traceparent\":\"%TP\"}"), .present()),
    EchoExample(
      "members in another order",
      "{\"trace_context\":{\"tracestate\":\"a=b\",\"traceparent\":\"%TP\"},\"x\":[1,{}],\"message\":\"m-%ID-é\",\"type\":\"chat_message\"}",
      .present()),
    EchoExample("blanks", " { \"type\" : \"chat_message\" ,\n\t\"message\":\"m-%ID-é\" } ", .chat(.absent)),
    EchoExample(
      "escaped keys and values", "{\"ty\\u0070e\":\"chat\\u005fmessage\",\"message\":\"m-%ID-\\u00e9\"}", .chat(.absent)
    ),
    EchoExample("a message ID in escapes", "{\"type\":\"chat_message\",\"message\":\"\\u006d-%ID-é\"}", .chat(.absent)),
    EchoExample("another sender's text", "{\"type\":\"chat_message\",\"message\":\"hello\"}", .foreign),
    EchoExample(
      "an ID of another run", "{\"type\":\"chat_message\",\"message\":\"m-ffffffff-00-00000000-é\"}", .foreign),
    EchoExample("an ID with a letter too many", "{\"type\":\"chat_message\",\"message\":\"m-%ID-éx\"}", .foreign),
    EchoExample("an ID without its prefix", "{\"type\":\"chat_message\",\"message\":\"%ID-é\"}", .foreign),
    EchoExample(
      "literals and numbers", "{\"type\":\"typing\",\"is_typing\":true,\"count\":5,\"nothing\":null}", .typing(.absent)),
    EchoExample(
      "another literal", "{\"type\":\"typing\",\"is_typing\":false,\"count\":5,\"nothing\":null}",
      .unreadable(.unmatched)),
    EchoExample(
      "a literal in quotes", "{\"type\":\"typing\",\"is_typing\":\"true\",\"count\":5,\"nothing\":null}",
      .unreadable(.unmatched)),
    EchoExample("another type", "{\"type\":\"other\",\"message\":\"m-%ID-é\"}", .unreadable(.unmatched)),
    EchoExample("a type without echo", "{\"type\":\"silent\"}", .unreadable(.unmatched)),
    EchoExample("a number for the text", "{\"type\":\"chat_message\",\"message\":5}", .unreadable(.unmatched)),
    EchoExample("an empty object", "{}", .unreadable(.unmatched)),
    EchoExample(
      "the last of equal keys, which matches",
      "{\"type\":\"x\",\"type\":\"chat_message\",\"message\":\"y\",\"message\":\"m-%ID-é\"}", .chat(.absent)),
    EchoExample(
      "the last of equal keys, which does not", "{\"type\":\"chat_message\",\"message\":\"m-%ID-é\",\"type\":\"x\"}",
      .unreadable(.unmatched)),
    EchoExample(
      "the last of equal keys, of another kind", "{\"type\":\"chat_message\",\"message\":\"m-%ID-é\",\"message\":[]}",
      .unreadable(.unmatched)),
    EchoExample(
      "the last of equal carriers",
      "{\"type\":\"chat_message\",\"message\":\"m-%ID-é\",\"trace_context\":{\"traceparent\":\"%TP\"},\"trace_context\":{}}",
      .chat(.absent, .repeated)),
    EchoExample(
      "the last of equal traceparents", chat("{\"traceparent\":7,\"traceparent\":\"%TP\"}"), .present(.repeated)),
  ]

  private static let contexts = [
    EchoExample("no carrier", "{\"type\":\"chat_message\",\"message\":\"m-%ID-é\"}", .chat(.absent)),
    EchoExample("an empty carrier", chat("{}"), .chat(.absent)),
    EchoExample("a carrier in upper case", chat("{\"Traceparent\":\"%TP\"}"), .chat(.absent)),
    EchoExample("a null carrier", chat("null"), .chat(.wrongType)),
    EchoExample("a string for the carrier", chat("\"%TP\""), .chat(.wrongType)),
    EchoExample("an array for the carrier", chat("[\"%TP\"]"), .chat(.wrongType)),
    EchoExample("a number for the traceparent", chat(traceparent: "5"), .chat(.wrongType)),
    EchoExample("null for the traceparent", chat(traceparent: "null"), .chat(.wrongType)),
    EchoExample("an array for the traceparent", chat(traceparent: "[\"%TP\"]"), .chat(.wrongType)),
    EchoExample(
      "an escaped traceparent",
      chat(traceparent: "\"\\u0030\\u0030-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\""), .present()),
    EchoExample(
      "a later version", chat(traceparent: "\"cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what\""),
      .present(.laterVersion)
    ),
  ]

  private static func malformed(_ label: String, _ traceparent: String, _ fault: TraceparentFault) -> EchoExample {
    EchoExample("traceparent: \(label)", chat(traceparent: "\"\(traceparent)\""), .chat(.malformed(fault)))
  }

  private static let malformed = [
    malformed("empty", "", .wrongLength(0)),
    malformed("too short", String(traceparent.dropLast()), .wrongLength(54)),
    malformed("too long", traceparent + "-x", .wrongLength(57)),
    malformed("a blank behind", traceparent + " ", .wrongLength(56)),
    malformed("version ff", "ff" + traceparent.dropFirst(2), .forbiddenVersion),
    malformed("no version", "0x" + traceparent.dropFirst(2), .malformedVersion),
    malformed("no dash", "00_" + traceparent.dropFirst(3), .missingDash(at: 2)),
    malformed("upper case", traceparent.uppercased(), .malformedTraceID),
    malformed("zero trace ID", "00-00000000000000000000000000000000-b7ad6b7169203331-01", .zeroTraceID),
    malformed("zero parent ID", "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", .zeroParentID),
    malformed("no parent ID", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333g-01", .malformedParentID),
    malformed("no flags", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g", .malformedFlags),
  ]

  private static let unreadable = [
    EchoExample("nothing", "", .unreadable(.invalidJSON)),
    EchoExample("no JSON", "hello", .unreadable(.invalidJSON)),
    EchoExample("an object and more", "{} {}", .unreadable(.invalidJSON)),
    EchoExample("a comma too many", "{\"type\":\"typing\",}", .unreadable(.invalidJSON)),
    EchoExample("a carrier without end", "{\"trace_context\":{\"traceparent\":", .unreadable(.invalidJSON)),
    EchoExample("an array", "[{\"type\":\"typing\"}]", .unreadable(.notAnObject)),
    EchoExample("null", "null", .unreadable(.notAnObject)),
    EchoExample("a string", "\"typing\"", .unreadable(.notAnObject)),
    EchoExample("a broken array", "[1,", .unreadable(.invalidJSON)),
    EchoExample(
      "too deep", "{\"x\":" + String(repeating: "[", count: 1000) + String(repeating: "]", count: 1000) + "}",
      .unreadable(.invalidJSON)),
    EchoExample(
      "large",
      "{\"x\":\"" + String(repeating: "y", count: 1 << 20) + "\",\"type\":\"chat_message\",\"message\":\"m-%ID-é\"}",
      .chat(.absent)),
  ]
}

@Suite("The echo reader")
struct EchoReaderTests {
  private let plan: Plan
  private let reader: EchoReader
  private let identity = MessageIdentity(shard: 3, sequence: 0xabcdef)

  init() throws {
    plan = try MadeUpPlan.make()
    reader = try #require(EchoReader(plan))
  }

  private func filled(_ text: String) -> [UInt8] {
    Array(
      text.replacing("%ID", with: plan.identities.text(of: identity))
        .replacing("%TP", with: EchoExample.traceparent).utf8)
  }

  @Test("reads what a message is and what context it carries", arguments: EchoExample.all)
  func examples(_ example: EchoExample) throws {
    let reading = reader.read(filled(example.text).span)
    let context = EchoedContext.present(try Traceparent(EchoExample.traceparent))
    switch example.expected {
    case .chat(let context, let form):
      #expect(reading == .echo(.init(type: 0, message: identity, context, form: form)))
    case .present(let form): #expect(reading == .echo(.init(type: 0, message: identity, context, form: form)))
    case .typing(let context): #expect(reading == .echo(.init(type: 1, message: nil, context)))
    case .foreign: #expect(reading == .foreign(type: 0))
    case .unreadable(let reason): #expect(reading == .unreadable(reason))
    }
  }

  @Test("finds a carrier at any depth", arguments: ["/a", "/a/b", "/meta/otel/context"])
  func nestedCarriers(path: String) throws {
    let plan = try MadeUpPlan.make(carrier: path)
    let reader = try #require(EchoReader(plan))
    let keys = path.split(separator: "/")
    let open = keys.map { "\"\($0)\":{\"x\":[{}]," }.joined()
    let text =
      "{\"type\":\"twice\",\(open)\"traceparent\":\"\(EchoExample.traceparent)\""
      + String(repeating: "}", count: keys.count + 1)
    let context = EchoedContext.present(try Traceparent(EchoExample.traceparent))
    #expect(reader.read(Array(text.utf8).span) == .echo(.init(type: 2, message: nil, context)))
    #expect(
      reader.read(Array("{\"type\":\"twice\",\"\(keys[0])\":1}".utf8).span)
        == .echo(.init(type: 2, message: nil, .wrongType)))
  }

  @Test("takes our own messages for their echoes, with the context that we sent")
  func ownMessages() {
    for (type, template) in plan.templates.enumerated().dropLast() {
      let text = template.text(of: identity, connection: 0, in: plan.identities)
      let traceID = plan.identities.traceID(of: identity)
      let sent = Traceparent(traceID: traceID, parentID: plan.identities.spanID(in: traceID), flags: .sampled)
      let reading = reader.read(Array(text.utf8).span)
      #expect(reading == .echo(.init(type: UInt8(type), message: type == 0 ? identity : nil, .present(sent))))
    }
  }

  @Test("refuses every truncation")
  func truncations() {
    let bytes = filled(
      "{\"type\":\"chat_message\",\"message\":\"m-%ID-é\",\"x\":[1.5e3,null],\"trace_context\":{\"traceparent\":\"%TP\"}}"
    )
    for count in 0..<bytes.count {
      #expect(reader.read(bytes.span.extracting(0..<count)) == .unreadable(.invalidJSON), "\(count) bytes")
    }
  }

  @Test("survives mutation", arguments: 0..<4)
  func mutations(seed: Int) {
    var generator = Dice(seed: UInt64(seed))
    let bytes = filled(
      "{\"type\":\"chat_message\",\"message\":\"m-%ID-\\u00e9\",\"trace_context\":{\"traceparent\":\"%TP\"}}")
    var echoes = 0
    for _ in 0..<25_000 {
      var mutant = bytes
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let index = Int.random(in: mutant.indices, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: mutant[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1: mutant.remove(at: index)
        case 2: mutant.insert(Array("\"\\{}[],:u".utf8).randomElement(using: &generator) ?? 0, at: index)
        default: mutant[index] = UInt8.random(in: 0x20...0x7e, using: &generator)
        }
      }
      if case .echo = reader.read(mutant.span) { echoes += 1 }
    }
    #expect(echoes > 0, "seed \(seed)")
  }

  @Test("reads a text like one that it remembers as if it had never read any", arguments: 0..<4)
  func shapes(seed: Int) throws {
    var generator = Dice(seed: UInt64(seed))
    let texts = [
      "{\"type\":\"chat_message\",\"message\":\"m-%ID-\u{e9}\",\"x\":[1],\"trace_context\":{\"traceparent\":\"%TP\"}}",
      "{\"trace_context\":{\"traceparent\":\"%TP\"},\"message\":\"m-%ID-\u{e9}\",\"type\":\"chat_message\"}",
      "{\"type\":\"typing\",\"is_typing\":true,\"trace_context\":{\"traceparent\":\"%TP\"}}",
      "{\"type\":\"typing\",\"is_typing\":true}",
      "{\"type\":\"twice\",\"trace_context\":{\"traceparent\":\"%TP\"},\"trace_context\":5}",
      "{\"type\":\"twice\",\"trace_context\":{\"traceparent\":\"%TP\",\"traceparent\":null}}",
      "{\"type\":\"chat_message\",\"message\":\"m-%ID-\u{e9}\",\"message\":\"m-%ID-\u{e9}\"}",
      "{\"type\":\"chat_message\",\"message\":\"m-%ID-\u{e9}\",\"message\":\"x\"}",
    ]
    func text(_ template: String) -> [UInt8] {
      let identity = MessageIdentity(
        shard: .random(in: 0...255, using: &generator), sequence: .random(in: 0 ... .max, using: &generator))
      let traceID = plan.identities.traceID(of: identity)
      let context = Traceparent(
        traceID: traceID, parentID: SpanID(.random(in: 1 ... .max, using: &generator)),
        flags: TraceFlags(rawValue: .random(in: 0...255, using: &generator)))
      return Array(
        template.replacing("%ID", with: plan.identities.text(of: identity)).replacing("%TP", with: "\(context)").utf8)
    }
    var echoes = 0
    for _ in 0..<4000 {
      var bytes = text(texts.randomElement(using: &generator) ?? "")
      if Bool.random(using: &generator) {
        // Of the same length, so that a text that is remembered is looked at.
        let index = Int.random(in: bytes.indices, using: &generator)
        bytes[index] = Array("\"\\{}[],:0aAfg-\u{0}".utf8).randomElement(using: &generator) ?? 0
      }
      let reading = reader.read(bytes.span)
      let fresh = try #require(EchoReader(plan))
      #expect(reading == fresh.read(bytes.span), "seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
      if case .echo = reading { echoes += 1 }
    }
    #expect(echoes > 1000)
  }

  @Test("does not take a certain text for an id of the same length")
  func textsOfTheLengthOfAnID() throws {
    let seed: UInt64 = 5
    let wanted = IdentityPermutation(seed: seed).text(of: MessageIdentity(shard: 0, sequence: 7))
    let yaml = """
      name: overlap
      target: { url: "ws://127.0.0.1:8000/" }
      load: { connections: 1, phases: [{ for: 1s, rate: 1/s }] }
      messages:
        certain: { body: { id: x, kind: a }, echo: { match: { id: "\(wanted)", kind: a } } }
        named: { body: { id: "{{ message.id }}" }, echo: { match: { id: "{{ message.id }}" } } }
      """
    let plan = try Plan(scenario: Scenario(yaml: yaml, file: "overlap.yaml"), seed: seed)
    for order in [[3, 7], [7, 3]] as [[UInt32]] {
      let reader = try #require(EchoReader(plan))
      for sequence in order {
        let identity = MessageIdentity(shard: 0, sequence: sequence)
        let text = "{\"kind\":\"a\",\"id\":\"\(plan.identities.text(of: identity))\"}"
        let fresh = try #require(EchoReader(plan))
        #expect(reader.read(Array(text.utf8).span) == fresh.read(Array(text.utf8).span), "\(order) \(sequence)")
      }
    }
  }

  @Test(
    "takes the type whose text names the message before one that matches less, in whatever order they stand",
    arguments: [("the named type first", ["named", "plain"]), ("the named type last", ["plain", "named"])])
  func typesThatOverlap(_ label: String, order: [String]) throws {
    let types = [
      "named": """
          named:
            body: { type: chat, message: "m-{{ message.id }}" }
            echo: { match: { type: chat, message: "m-{{ message.id }}" } }
      """,
      "plain": """
          plain:
            body: { type: chat }
            echo: { match: { type: chat } }
      """,
    ]
    let yaml = """
      name: overlap
      target: { url: "ws://127.0.0.1:8000/" }
      load: { connections: 1, phases: [{ for: 1s, rate: 1/s }] }
      messages:

      """ + order.compactMap { types[$0] }.joined(separator: "\n")
    let plan = try Plan(scenario: Scenario(yaml: yaml, file: "overlap.yaml"), seed: 5)
    let reader = try #require(EchoReader(plan))
    let identity = MessageIdentity(shard: 0, sequence: 3)
    let named = Array("{\"type\":\"chat\",\"message\":\"m-\(plan.identities.text(of: identity))\"}".utf8)
    let plain = Array("{\"type\":\"chat\",\"message\":\"hello\"}".utf8)
    let places = Dictionary(uniqueKeysWithValues: zip(order, UInt8(0)...))
    #expect(reader.read(named.span) == .echo(.init(type: try #require(places["named"]), message: identity, .absent)))
    #expect(reader.read(plain.span) == .echo(.init(type: try #require(places["plain"]), message: nil, .absent)))
  }
}
