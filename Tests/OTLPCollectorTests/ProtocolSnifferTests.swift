import Observations
import Testing

@testable import OTLPCollector

@Suite("The first bytes of a connection")
struct ProtocolSnifferTests {
  @Test("tell HTTP/2 from HTTP/1.1 wherever they are cut", arguments: [1, 2, 3, 4, 16, 23])
  func cuts(length: Int) throws {
    let collector = try CollectorUnderTest()
    let settings = RawHTTP2.preface + RawHTTP2.Frame(type: RawHTTP2.Frame.settings).bytes
    let http2 = try collector.connect()
    try http2.send(Array(settings[..<length]))
    let http1 = try collector.connect()
    let request = ExportRequest(body: traceBody()).bytes
    try http1.send(Array(request[..<length]))
    // An answer on another connection: the collector has probably read the pieces by then.
    #expect(try collector.connect().answer(to: ExportRequest(body: traceBody())).status == 200)
    try http2.send(Array(settings[length...]))
    try http1.send(Array(request[length...]))
    #expect(try http1.receiveAnswer().status == 200)
    // Its settings come first (RFC 9113 §3.4).
    #expect(try http2.receive(9)[3] == RawHTTP2.Frame.settings)
  }
}
