import NIOCore
import NIOEmbedded
import Testing

@testable import OTLPCollector

@Suite("The body of a request")
struct RequestBodyTests {
  private let connection = Connection(EmbeddedChannel())

  private func makeLoop(bodyBudget: Int = 1000) throws -> CollectorLoop {
    var configuration = Collector.Configuration()
    configuration.bodyBudget = bodyBudget
    return try CollectorLoop(
      configuration: configuration, ledger: CountLedger(), forwarder: nil,
      deliver: { _ in true })
  }

  @Test("makes room for what is said to come only in proportion to what came")
  func expectation() throws {
    let loop = try makeLoop(bodyBudget: 1 << 20)
    var body = RequestBody()
    body.expect(.max)
    var few = ByteBuffer(repeating: 0, count: 5)
    try body.append(&few, loop, connection, limit: 1000)
    #expect(body.buffer.capacity <= 128)
    body.expect(100_000)
    var many = ByteBuffer(repeating: 0, count: 16_000)
    try body.append(&many, loop, connection, limit: 1 << 20)
    #expect(body.buffer.capacity >= 100_000)
    #expect(body.buffer.readableBytes == 16_005)
  }

  @Test("is booked until it is released")
  func booking() throws {
    let loop = try makeLoop()
    var bodies = [RequestBody(), RequestBody()]
    var part = ByteBuffer(repeating: 0, count: 600)
    try bodies[0].append(&part, loop, connection, limit: 1000)
    part = ByteBuffer(repeating: 0, count: 600)
    #expect(throws: Refusal.tooManyBodies) { try bodies[1].append(&part, loop, connection, limit: 1000) }
    bodies[0].release(loop, connection)
    try bodies[1].append(&part, loop, connection, limit: 2000)
    #expect(bodies[0].receivedBytes == 0)
    #expect(bodies[1].receivedBytes == 1200)
  }

  @Test("is refused beyond its limit")
  func limit() throws {
    let loop = try makeLoop()
    var body = RequestBody()
    var part = ByteBuffer(repeating: 0, count: 11)
    #expect(throws: Refusal.tooLarge(limit: loop.configuration.bodyLimit)) {
      try body.append(&part, loop, connection, limit: 10)
    }
  }
}
