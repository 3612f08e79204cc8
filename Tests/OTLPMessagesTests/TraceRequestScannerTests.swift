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

  @Test("skips the deprecated code of a status, whatever its wire type")
  func deprecatedStatusCode() throws {
    let spans = try CollectingSink.spans(in: MalformedBody.inSpan([0x7a, 0x06, 0x08, 0x02, 0x0a, 0x00, 0x18, 0x01]))
    #expect(spans.map(\.status) == [1])
  }
}
