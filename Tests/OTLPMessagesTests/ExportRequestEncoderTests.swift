import OTLPMessages
import TestInputs
import Testing
import TraceContext

@Suite("The encoder of export requests")
struct ExportRequestEncoderTests {
  @Test("writes the bytes that Google's encoder writes")
  func sameBytesAsGoogle() throws {
    var encoder = ExportRequestEncoder(
      resource: [
        Attribute("service.name", .string("reference")), Attribute("service.instance.id", .string("i-1")),
      ], scopeName: "spanstorm", scopeVersion: "1.0")
    for number in 0..<40 { encoder.append(span(number)) }
    encoder.append(
      ExportedSpan(traceID: traceID(1), spanID: spanID(1), name: "", kind: .unspecified, start: 0, end: 0))
    #expect(try encoder.takeBody() == Fixture("encoder").body)
  }

  @Test("begins again after a body was taken, and gives an empty request where nothing was appended")
  func reuse() throws {
    var encoder = ExportRequestEncoder(resource: [Attribute("service.name", .string("s"))], scopeName: "")
    encoder.append(span(1))
    encoder.append(span(2))
    #expect(encoder.spanCount == 2)
    #expect(try CollectingSink.spans(in: encoder.takeBody()).map(\.name) == ["step 1", "step 2"])
    #expect(encoder.spanCount == 0)
    #expect(encoder.takeBody().isEmpty)
    encoder.append(span(3))
    let spans = try CollectingSink.spans(in: encoder.takeBody())
    #expect(spans.map(\.name) == ["step 3"])
    #expect(spans.map(\.service) == ["s"])
  }

  @Test("is read back by the scanner, whatever the lengths")
  func roundTrip() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = Dice(seed: seed)
    for round in 0..<300 {
      let service = String(repeating: "s", count: .random(in: 0...300, using: &generator))
      var encoder = ExportRequestEncoder(
        resource: [Attribute("service.name", .string(service))], scopeName: "scope")
      var expected: [FoundSpan] = []
      for _ in 0..<Int.random(in: 1...20, using: &generator) {
        let span = randomSpan(&generator)
        encoder.append(span)
        expected.append(found(span, service: service))
      }
      #expect(try CollectingSink.spans(in: encoder.takeBody()) == expected, "seed \(seed), round \(round)")
    }
  }

  @Test("groups the spans of several scopes in one request, whatever their order")
  func scopes() throws {
    var encoder = ExportRequestEncoder(
      resource: [Attribute("service.name", .string("s"))], scope: InstrumentationScope("own", version: "1"),
      others: [InstrumentationScope("other"), InstrumentationScope("idle")])
    // A scope that was not named counts to the last one.
    for (number, scope) in [0, 1, 0, 9, 1].enumerated() {
      var span = span(number)
      span.scope = UInt8(scope)
      encoder.append(span)
    }
    let sink = try CollectingSink(encoder.takeBody())
    #expect(sink.spans.map(\.name) == ["step 0", "step 2", "step 1", "step 4", "step 3"])
    #expect(sink.scopes == [["own", "1"], ["own", "1"], ["other", ""], ["other", ""], ["idle", ""]])
    #expect(Set(sink.spans.map(\.service)) == ["s"])
    encoder.append(span(5))
    #expect(try CollectingSink(encoder.takeBody()).scopes == [["own", "1"]])
  }

  @Test("writes a trace state and events as fields 3 and 11")
  func traceStateAndEvents() {
    var encoder = ExportRequestEncoder(resource: [], scopeName: "")
    encoder.append(
      ExportedSpan(
        traceID: traceID(1), spanID: spanID(2), traceState: "a=b", name: "n", kind: .unspecified, start: 0, end: 0,
        events: [.init("e", time: 0x0102_0304_0506_0708), .init("", time: 0)]))
    let trace: [UInt8] = [0x0a, 16, 0x53, 0x50, 0x41, 0x4e, 0x53, 0x54, 0x4f, 0x52, 0, 0, 0, 0, 0, 0, 0, 1]
    let span = trace + [0x12, 8, 0xa0, 0, 0, 0, 0, 0, 0, 2] + [0x1a, 3, 0x61, 0x3d, 0x62] + [0x2a, 1, 0x6e]
    let events: [UInt8] = [0x5a, 12, 0x09, 8, 7, 6, 5, 4, 3, 2, 1, 0x12, 1, 0x65] + [0x5a, 0]
    let record = [0x12, UInt8(span.count + events.count)] + span + events
    let section = [0x0a, 0] + record
    let resource = [0x0a, 0, 0x12, UInt8(section.count)] + section
    #expect(encoder.takeBody() == [0x0a, UInt8(resource.count)] + resource)
  }

  private func randomSpan(_ generator: inout Dice) -> ExportedSpan {
    // Lengths around the places where a length takes one more byte.
    let lengths = [0, 1, 40, 127, 128, 200, 16_200, 16_383, 16_384, 40_000]
    let text = String(repeating: "x", count: lengths.randomElement(using: &generator) ?? 0)
    return ExportedSpan(
      traceID: TraceID(high: generator.next(), low: generator.next() | 1), spanID: SpanID(generator.next() | 1),
      parentID: SpanID(Bool.random(using: &generator) ? generator.next() : 0),
      name: String(text.prefix(200)),
      kind: SpanKind.allCases.randomElement(using: &generator) ?? .server, start: generator.next(),
      end: generator.next(),
      attributes: [
        Attribute("a", .string(text)), Attribute("b", .int(Int64(bitPattern: generator.next()))),
        Attribute("c", .bool(true)),
      ],
      link: ExportedSpan.Link(traceID: traceID(1), spanID: spanID(1)), status: .error(message: text),
      flags: UInt32(truncatingIfNeeded: generator.next()))
  }

  private func found(_ span: ExportedSpan, service: String) -> FoundSpan {
    FoundSpan(
      traceID: span.traceID.description, spanID: span.spanID.description, parentID: span.parentID.description,
      start: span.start, end: span.end, name: span.name, kind: span.kind.rawValue, status: 2, flags: span.flags,
      isValid: true, service: service, instance: "")
  }

  /// The span of the same number in `make_fixtures.py`.
  private func span(_ number: Int) -> ExportedSpan {
    let start = 1_700_000_000_000_000_000 + UInt64(number) * 1_000_003
    var span = ExportedSpan(
      traceID: traceID(number / 4 + 1), spanID: spanID(number + 1),
      parentID: number % 4 == 0 ? SpanID(0) : spanID(number % 4), name: "step \(number)",
      kind: SpanKind(rawValue: UInt8(number % 6)) ?? .unspecified, start: start,
      end: start + 250_017 + UInt64(number),
      flags: number % 2 == 1 ? 0x001 | ExportedSpan.hasIsRemote | ExportedSpan.isRemote : 0)
    switch number % 3 {
    case 1: span.status = .ok
    case 2: span.status = .error(message: String(repeating: "e", count: number * 10))
    default: break
    }
    if number % 4 != 0 {
      span.attributes = [
        Attribute("text", .string(String(repeating: "v", count: number * 13))), Attribute("", .string("")),
        Attribute("count", .int(Int64(number) * 1_000_000_007 - 5_000_000_000)),
        Attribute("flag", .bool(number % 2 == 0)),
      ]
    }
    if number == 39 { span.attributes.append(Attribute("long", .string(String(repeating: "ü", count: 10_000)))) }
    if number % 5 == 0 {
      span.link = .init(traceID: traceID(number + 50), spanID: spanID(number + 60), flags: UInt32(number))
    }
    return span
  }

  private func traceID(_ number: Int) -> TraceID { TraceID(high: 0x5350_414e_5354_4f52, low: UInt64(number)) }
  private func spanID(_ number: Int) -> SpanID { SpanID(0xa000_0000_0000_0000 | UInt64(number)) }
}
