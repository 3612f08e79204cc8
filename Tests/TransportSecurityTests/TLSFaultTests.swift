import Testing

@testable import TransportSecurity

@Suite("A TLS fault")
struct TLSFaultTests {
  private static let all: [TLSFault] =
    [
      .expiredCertificate, .certificateNotYetValid, .unknownIssuer, .selfSignedCertificate, .wrongName,
      .unacceptableCertificate(reason: 26), .unacceptableCertificate(reason: 23), .notTLS, .noCommonVersion,
      .endedInHandshake, .flooded, .other(code: 0), .other(code: 0x0a00_0069),
    ] + (0...255).map { .alert($0) }

  @Test("has words of its own")
  func words() {
    let words = Self.all.map(\.description)
    #expect(Set(words).count == words.count)
    #expect(words.allSatisfy { !$0.isEmpty })
    #expect(TLSFault.alert(116).description == "the peer sent the alert 116 (certificate required)")
    #expect(TLSFault.unacceptableCertificate(reason: 23).description.contains("certificate revoked"))
  }

  @Test("has words for every number, also those that nobody has given out", arguments: [Int32.min, -1, 9999, .max])
  func anyNumber(number: Int32) {
    #expect(!TLSFault.unacceptableCertificate(reason: number).description.isEmpty)
    #expect(!TLSFault.other(code: UInt32(bitPattern: number)).description.isEmpty)
  }

  @Test("is small and plain, so that it can stand in an observation")
  func size() { #expect(MemoryLayout<TLSFault>.size <= 8) }
}
