import Observations
import Testing

@testable import OTLPCollector

@Suite("The collector, flooded over HTTP/2,")
struct HTTP2FloodTests {
  @Test("answers pings")
  func ping() throws {
    let collector = try CollectorUnderTest()
    let client = try RawHTTP2(collector.connect())
    try client.send(RawHTTP2.Frame(type: RawHTTP2.Frame.ping, payload: Array(1...8)))
    let answer = try client.receive(type: RawHTTP2.Frame.ping)
    #expect(answer.flags == 1)
    #expect(answer.payload == Array(1...8))
  }

  @Test("bears as many pings as gRPC for Go sends to measure its window")
  func honestPings() throws {
    let collector = try CollectorUnderTest()
    let client = try RawHTTP2(collector.connect())
    for _ in 0..<20 {
      for _ in 0..<100 { try client.send(RawHTTP2.Frame(type: RawHTTP2.Frame.ping, payload: Array(1...8))) }
      for _ in 0..<100 { _ = try client.receive(type: RawHTTP2.Frame.ping) }
    }
    #expect(collector.counts.refusedRequests == 0)
  }

  @Test("ends the connection, counts it, and serves others", arguments: Flood.all)
  func floods(_ flood: Flood) throws {
    let collector = try CollectorUnderTest()
    let client = try RawHTTP2(collector.connect())
    // The collector may end the connection in the middle of the flood.
    try? flood.send(client)
    #expect(client.isEnded())
    #expect(collector.counts.refusedRequests == 1)
    let call = GRPCCall(body: GRPCCall.message(traceBody()))
    #expect(try GRPCConnection(port: collector.port).answer(to: call).status == 0)
    #expect(try collector.connect().answer(to: ExportRequest(body: traceBody())).status == 200)
  }

  @Test("closes a connection that sends nothing, and not one that waits for an answer")
  func idle() throws {
    let collector = try CollectorUnderTest {
      $0.idleLimit = .milliseconds(50)
      $0.answerDelay = .milliseconds(300)
    }
    let idle = try RawHTTP2(collector.connect())
    #expect(idle.isEnded())
    let call = GRPCCall(body: GRPCCall.message(traceBody()))
    #expect(try GRPCConnection(port: collector.port).answer(to: call).status == 0)
  }
}

/// What a hostile client sends after the preface.
struct Flood: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var send: @Sendable (RawHTTP2) throws -> Void

  static let all = [
    Flood(testDescription: "by a hundred thousand pings") { client in
      let pings = Array(
        repeatElement(RawHTTP2.Frame(type: RawHTTP2.Frame.ping, payload: Array(1...8)).bytes, count: 1000).joined())
      for _ in 0..<100 { try client.connection.send(pings) }
    },
    Flood(testDescription: "by a hundred thousand settings") { client in
      let settings = Array(repeatElement(RawHTTP2.Frame(type: RawHTTP2.Frame.settings).bytes, count: 1000).joined())
      for _ in 0..<100 { try client.connection.send(settings) }
    },
    Flood(testDescription: "by streams that are opened and reset") { client in
      let block = RawHTTP2.block(RawHTTP2.callFields)
      for number in 0..<UInt32(10_000) {
        let head = RawHTTP2.Frame(type: RawHTTP2.Frame.headers, flags: 4, stream: number * 2 + 1, payload: block)
        let reset = RawHTTP2.Frame(
          type: RawHTTP2.Frame.reset, stream: number * 2 + 1, payload: [0, 0, 0, 8])
        try client.connection.send(head.bytes + reset.bytes)
      }
    },
    Flood(testDescription: "by a header without end") { client in
      let block = RawHTTP2.block(RawHTTP2.callFields)
      try client.send(RawHTTP2.Frame(type: RawHTTP2.Frame.headers, stream: 1, payload: block))
      let more = RawHTTP2.block([("x", String(repeating: "y", count: 100))])
      for _ in 0..<10_000 {
        try client.send(RawHTTP2.Frame(type: RawHTTP2.Frame.continuation, stream: 1, payload: more))
      }
    },
    Flood(testDescription: "by a header that is too large") { client in
      let fields = RawHTTP2.callFields + (0..<8).map { ("x-\($0)", String(repeating: "y", count: 15_000)) }
      let block = RawHTTP2.block(fields)
      for start in stride(from: 0, to: block.count, by: 16_000) {
        let end = min(start + 16_000, block.count)
        try client.send(
          RawHTTP2.Frame(
            type: start == 0 ? RawHTTP2.Frame.headers : RawHTTP2.Frame.continuation, flags: end == block.count ? 4 : 0,
            stream: 1, payload: Array(block[start..<end])))
      }
    },
    Flood(testDescription: "by more streams than it allows") { client in
      let block = RawHTTP2.block(RawHTTP2.callFields)
      for number in 0..<UInt32(2000) {
        try client.send(
          RawHTTP2.Frame(type: RawHTTP2.Frame.headers, flags: 4, stream: number * 2 + 1, payload: block))
      }
    },
    Flood(testDescription: "by empty parts of a body") { client in
      let block = RawHTTP2.block(RawHTTP2.callFields)
      try client.send(RawHTTP2.Frame(type: RawHTTP2.Frame.headers, flags: 4, stream: 1, payload: block))
      for _ in 0..<1000 { try client.send(RawHTTP2.Frame(type: RawHTTP2.Frame.data, stream: 1)) }
    },
    Flood(testDescription: "by garbage") { client in
      for _ in 0..<100 { try client.connection.send([UInt8](repeating: 0xff, count: 1000)) }
    },
  ]
}
