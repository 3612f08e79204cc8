import OTLPMessages
import Testing

@Suite("The scanner of export requests")
struct TraceRequestScannerTests {
  @Test("finds what Google's parser finds", arguments: Fixture.names)
  func agreesWithGoogle(name: String) throws {
    let fixture = try Fixture(name)
    #expect(try CollectingSink.spans(in: fixture.body) == fixture.spans)
  }

  @Test("takes an empty body for a request without spans")
  func emptyBody() throws {
    #expect(try CollectingSink.spans(in: []).isEmpty)
  }

  @Test("refuses malformed bodies by name", arguments: MalformedBody.all)
  func malformed(_ row: MalformedBody) throws {
    #expect(throws: row.error) { try CollectingSink.spans(in: row.body) }
  }

  @Test(
    "skips known fields with another wire type than the declared one, as Google's parsers do",
    arguments: [
      ("a trace ID as eight bytes", [0x09] + .init(repeating: 0, count: 8)), ("a start as a varint", [0x38, 0x00]),
      ("flags as a varint", [0x80, 0x01, 0x00]), ("a status code as a string", [0x7a, 0x02, 0x1a, 0x00]),
      ("the deprecated code of a status", [0x7a, 0x04, 0x08, 0x02, 0x0a, 0x00]),
      ("a kind beyond the last", [0x30, 0x06]), ("a negative kind", [0x30] + .init(repeating: 0xff, count: 9) + [1]),
    ] as [(String, [UInt8])])
  func otherWireTypes(label: String, span: [UInt8]) throws {
    let found = try CollectingSink.spans(in: MalformedBody.inSpan(span + [0x2a, 0x01, 0x61]))
    #expect(found.map(\.name) == ["a"], "\(label)")
    #expect(found.map { [$0.kind, $0.status] } == [[0, 0]], "\(label)")
  }

  @Test("counts an enumeration's number by its low 32 bits, as Google's parsers do")
  func wideEnumeration() throws {
    let span: [UInt8] = [0x30, 0x82, 0x80, 0x80, 0x80, 0x10]
    #expect(try CollectingSink.spans(in: MalformedBody.inSpan(span)).map(\.kind) == [2])
  }

  @Test("does not look inside of attributes, events and links, nor whether a name is UTF-8")
  func unreadInsides() throws {
    let span: [UInt8] = [0x4a, 0x01, 0xff, 0x5a, 0x01, 0xff, 0x6a, 0x01, 0xff, 0x2a, 0x01, 0xff]
    #expect(try CollectingSink.spans(in: MalformedBody.inSpan(span)).map(\.name) == ["\u{fffd}"])
  }

  @Test("tells the scope of each span, also where the scope comes late, in parts, or not at all")
  func scopes() throws {
    // Two scopes: spans, then a name, spans, then a version; and spans alone.
    let named: [UInt8] = [0x12, 0, 0x0a, 3, 0x0a, 1, 0x61, 0x12, 0, 0x0a, 3, 0x12, 1, 0x32]
    let body = [0x0a, UInt8(named.count + 6), 0x12, UInt8(named.count)] + named + [0x12, 2, 0x12, 0]
    #expect(try CollectingSink(body).scopes == [["a", "2"], ["a", "2"], ["", ""]])
  }
}
