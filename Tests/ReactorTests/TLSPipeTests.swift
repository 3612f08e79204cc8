import TestInputs
import Testing
import TransportSecurity

@testable import Reactor

@Suite("TLS whose bytes somebody else moves")
struct TLSPipeTests {
  /// A client and a server in one thread, with what each has decrypted.
  private final class Pair {
    let client: TLSPipe
    let server: TLSPipe
    var atClient: [UInt8] = []
    var atServer: [UInt8] = []

    init() throws {
      let certificates = try #require(Certificates.shared)
      let client = TLSPipe(try TLSContext(client: .trusting(certificates), host: "localhost"))
      let server = TLSPipe(try TLSContext(server: TLSIdentity(certificates.good), offersHTTP2: true))
      self.client = try #require(client)
      self.server = try #require(server)
      exchange(toServer: receive(self.client, []) { _ in })
    }

    /// Moves records to and fro until neither side has any.
    func exchange(toServer first: [UInt8], by size: Int = .max) {
      var records = first
      var isForServer = true
      while !records.isEmpty {
        var answers: [UInt8] = []
        for start in stride(from: 0, to: records.count, by: min(size, records.count)) {
          let piece = Array(records[start..<min(records.count, start + min(size, records.count))])
          answers += isForServer ? receive(server, piece) { atServer += $0 } : receive(client, piece) { atClient += $0 }
        }
        records = answers
        isForServer.toggle()
      }
    }

    private func receive(
      _ pipe: TLSPipe, _ bytes: [UInt8], _ plaintext: (UnsafeRawBufferPointer) -> Void
    ) -> [UInt8] {
      var records: [UInt8] = []
      bytes.withUnsafeBytes { pipe.receive($0, plaintext: plaintext, records: { records += $0 }) }
      return records
    }
  }

  private func records(_ pipe: TLSPipe, _ bytes: [UInt8]) throws -> [UInt8] {
    var records: [UInt8] = []
    let isSent = bytes.withUnsafeBytes { pipe.send($0, records: { records += $0 }) }
    try #require(isSent)
    return records
  }

  @Test("carries bytes of many records, in pieces of any size", arguments: [1, 7, 1000, 100_000])
  func carries(size: Int) throws {
    let pair = try Pair()
    let bytes = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }
    pair.exchange(toServer: try records(pair.client, bytes), by: size)
    #expect(pair.atServer == bytes)
    #expect(pair.server.fault == nil)
  }

  @Test("sends nothing before the handshake has ended")
  func early() throws {
    let certificates = try #require(Certificates.shared)
    let pipe = try #require(TLSPipe(try TLSContext(server: TLSIdentity(certificates.good))))
    #expect(!Array("early".utf8).withUnsafeBytes { pipe.send($0, records: { _ in }) })
  }

  @Test("tells the end of the session, and what is no TLS")
  func end() throws {
    let pair = try Pair()
    var notify: [UInt8] = []
    pair.client.end { notify += $0 }
    #expect(!pair.server.hasEnded)
    pair.exchange(toServer: notify)
    #expect(pair.server.hasEnded)
    let other = try Pair()
    other.exchange(toServer: [UInt8](repeating: 0x47, count: 100))
    #expect(other.server.fault != nil)
    #expect(!Array("late".utf8).withUnsafeBytes { other.server.send($0, records: { _ in }) })
  }
}
